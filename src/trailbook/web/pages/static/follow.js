// What is yet to end (an export, a delivery) is looked at again, until all has ended; who listens is told what has.

import { say } from "./page.js";

const EVERY = 2_000;

if (document.querySelector("[data-open]")) setTimeout(look, EVERY);

async function look() {
  try {
    if (!document.hidden) await renew();
  } catch {
    // Another time it may work; the link to look again is still there.
  }
  if (document.querySelector("[data-open]")) setTimeout(look, EVERY);
  else for (const link of document.querySelectorAll("[data-refresh]")) link.remove();
}

async function renew() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  const read = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-open]")) {
    const now = read.getElementById(old.id);
    if (!now) old.removeAttribute("data-open");
    else if (now.dataset.state === old.dataset.state && "open" in now.dataset) old.querySelector(".state").replaceWith(now.querySelector(".state"));
    else turn(old, now);
  }
}

/** It has another state: other buttons, and something to tell. The focus stays in its place. */
function turn(old, now) {
  const held = old.contains(document.activeElement);
  old.replaceWith(now);
  if (held) (now.querySelector("a.button, button") ?? now.querySelector("a"))?.focus();
  say(now.dataset.said);
}
