// Single keys, which can be switched off: to the query, through the rows, to panels and help.

const KEPT = "trailbook-keys";
const help = document.getElementById("keys");
const toggle = document.getElementById("keys-on");
const rows = [...document.querySelectorAll(".rows tbody tr")];
let at = -1;

toggle.checked = localStorage.getItem(KEPT) !== "off";
toggle.addEventListener("change", () => localStorage.setItem(KEPT, toggle.checked ? "on" : "off"));
for (const button of document.querySelectorAll("[data-keys]")) {
  button.hidden = false;
  button.addEventListener("click", () => help.showModal());
}

const ACTIONS = {
  "/": () => focus(document.getElementById("query"), true),
  j: () => go(at + 1),
  k: () => go(at - 1),
  f: () => focus(document.querySelector("#facets button, #facets a")),
  c: () => panel("columns"),
  e: () => panel("export"),
  s: () => panel("save"),
  "?": () => help.showModal(),
};

document.addEventListener("keydown", event => {
  if (!toggle.checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (help.open || event.target.closest("input, select, textarea, [contenteditable]")) return;
  const action = ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

/** Enter opens: the link of a row has the focus. */
function go(number) {
  if (rows.length === 0) return;
  rows[at]?.classList.remove("here");
  at = Math.min(Math.max(number, 0), rows.length - 1);
  rows[at].classList.add("here");
  focus(rows[at].querySelector("a, summary, [tabindex]"));
  rows[at].scrollIntoView({ block: "nearest" });
}

function panel(name) {
  const found = document.getElementById(`panel-${name}`);
  if (!found) return;
  found.open = true;
  focus(found.querySelector("input:not([type=hidden]), select, .inside a, button:not([tabindex])"));
}

function focus(element, select = false) {
  if (!element) return;
  element.focus();
  if (select) element.select();
}
