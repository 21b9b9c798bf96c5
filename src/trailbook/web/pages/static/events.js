// The page of an event gains a button that copies all of it.

import { say } from "./page.js";

for (const button of document.querySelectorAll("[data-copy-from]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    try {
      const answer = await fetch(button.dataset.copyFrom);
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      await navigator.clipboard.writeText(await answer.text());
      say(button.dataset.copied);
    } catch {
      say(button.dataset.failed);
    }
  });
}
