// What takes its own time is loaded beside the rows, two at a time; bars of time can be brushed.

const AT_ONCE = 2;
const waiting = [...document.querySelectorAll("[data-part]")];

document.querySelector("[data-counts]")?.remove();
for (const part of waiting) {
  part.setAttribute("aria-busy", "true");
  part.textContent = part.dataset.busy;
}
for (let lane = 0; lane < AT_ONCE; lane += 1) work();

async function work() {
  for (let part = waiting.shift(); part; part = waiting.shift()) await load(part);
}

async function load(part) {
  try {
    const answer = await fetch(part.dataset.part, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const read = new DOMParser().parseFromString(await answer.text(), "text/html");
    part.replaceChildren(...read.body.childNodes);
    for (const same of document.querySelectorAll(`[data-same="${part.id}"]`)) same.innerHTML = part.innerHTML;
  } catch {
    const failed = document.createElement("span");
    failed.className = "late";
    failed.textContent = part.dataset.failed;
    part.replaceChildren(failed);
  }
  part.removeAttribute("aria-busy");
}

// Brushing: press on a bar and let go on another. A click on one is its own link.
let pressed = null;

document.addEventListener("pointerdown", event => {
  const bar = event.target.closest?.(".histogram a");
  if (bar && event.button === 0) pressed = { bar, at: event.clientX };
});
document.addEventListener("dragstart", event => { if (pressed) event.preventDefault(); });
document.addEventListener("pointermove", event => {
  if (!pressed) return;
  const last = document.elementFromPoint(event.clientX, event.clientY)?.closest(".histogram a");
  if (last) mark(between(pressed.bar, last));
});
document.addEventListener("pointerup", event => {
  if (!pressed) return;
  const { bar, at } = pressed;
  pressed = null;
  const last = document.elementFromPoint(event.clientX, event.clientY)?.closest(".histogram a");
  mark([]);
  if (!last || last === bar || Math.abs(event.clientX - at) < 4) return;
  const bars = between(bar, last);
  const address = new URL(bars[0].getAttribute("href"), location.href);
  address.searchParams.set("since", bars[0].dataset.since);
  address.searchParams.set("until", bars.at(-1).dataset.until);
  location.assign(address);
});
document.addEventListener("pointercancel", () => { pressed = null; mark([]); });

function between(first, last) {
  const all = [...first.closest("svg").querySelectorAll("a")];
  const [from, to] = [all.indexOf(first), all.indexOf(last)].sort((one, other) => one - other);
  return all.slice(from, to + 1);
}

function mark(bars) {
  for (const bar of document.querySelectorAll(".histogram a")) bar.classList.toggle("brushed", bars.includes(bar));
}
