// The form of a schedule says at once when it would run, as its fields are changed.

const form = document.querySelector("form.schedule");
const times = form.querySelector("[data-times]");
const ASKED = ["every", "at", "day", "cron", "zone"];
const WAIT = 300;
let timer = 0;
let number = 0;

form.querySelector("button[value=show]").hidden = true;
form.querySelector(".when").addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(show, WAIT);
});

async function show() {
  const fields = new FormData(form);
  const asked = new URLSearchParams(ASKED.map(name => [name, fields.get(name) ?? ""]));
  asked.set("days", fields.getAll("days").join(","));
  const own = number += 1;
  try {
    const answer = await fetch(`${times.dataset.times}?${asked}`, { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected && own === number) times.innerHTML = await answer.text();
  } catch {
    // The form says so once it is sent.
  }
}
