// What every page gains with scripts: commands that can be copied, and a way to tell what has happened.

/** Say something to everybody, those who listen to the page included. */
export function say(text) {
  const said = document.getElementById("said");
  said.textContent = "";
  requestAnimationFrame(() => { said.textContent = text; });
}

for (const command of document.querySelectorAll("[data-copy]")) {
  const button = command.querySelector("button");
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command.querySelector("code").textContent);
    say(button.dataset.copied);
  });
}

document.querySelector("[data-focus]")?.focus();
