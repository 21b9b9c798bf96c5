// The query box completes keys and values while one types; "edit" of a condition selects it there.

const box = document.getElementById("query");
const list = document.getElementById("query-options");
const address = box.dataset.completion;
const WAIT = 120;

let options = [];
let begin = 0;
let chosen = -1;
let timer = 0;
let asked = 0;

box.setAttribute("role", "combobox");
box.setAttribute("aria-autocomplete", "list");
box.setAttribute("aria-controls", list.id);
close();

box.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(complete, WAIT);
});
box.addEventListener("blur", close);
box.addEventListener("keydown", event => {
  if (event.key === "Escape" && options.length) { event.preventDefault(); close(); return; }
  if (event.key === "ArrowDown" && !options.length) { event.preventDefault(); complete(); return; }
  if (!options.length) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    choose((chosen + step + options.length) % options.length);
  } else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) {
    event.preventDefault();
    take(options[chosen]);
  }
});
list.addEventListener("pointerdown", event => {
  const option = event.target.closest("li");
  if (!option) return;
  event.preventDefault();
  take(options[[...list.children].indexOf(option)]);
});

async function complete() {
  const before = box.value.slice(0, box.selectionStart);
  const number = asked += 1;
  try {
    const answer = await fetch(`${address}?${new URLSearchParams({ query: before })}`);
    if (!answer.ok || number !== asked || document.activeElement !== box) return;
    const found = await answer.json();
    // Positions are of characters; a script counts in halves of some of them.
    begin = [...before].slice(0, found.at).join("").length;
    options = found.options.filter(option => option.text !== before.slice(begin));
    show();
  } catch {
    close();
  }
}

function show() {
  list.replaceChildren(...options.map((option, number) => {
    const item = document.createElement("li");
    item.id = `query-option-${number}`;
    item.setAttribute("role", "option");
    const text = document.createElement("code");
    text.textContent = option.text;
    item.append(text);
    if (option.hint) {
      const hint = document.createElement("span");
      hint.className = "hint";
      hint.textContent = option.hint;
      item.append(" ", hint);
    }
    return item;
  }));
  list.hidden = options.length === 0;
  box.setAttribute("aria-expanded", String(options.length > 0));
  choose(-1);
}

function choose(number) {
  chosen = number;
  [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === number)));
  if (number < 0) { box.removeAttribute("aria-activedescendant"); return; }
  box.setAttribute("aria-activedescendant", list.children[number].id);
  list.children[number].scrollIntoView({ block: "nearest" });
}

function take(option) {
  const end = box.selectionStart;
  const whole = option.text.endsWith(":") ? option.text : `${option.text} `;
  box.setRangeText(whole, begin, end, "end");
  close();
  if (option.text.endsWith(":")) complete();
}

function close() {
  options = [];
  list.replaceChildren();
  list.hidden = true;
  chosen = -1;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

for (const link of document.querySelectorAll("[data-edit]")) {
  link.addEventListener("click", event => {
    event.preventDefault();
    box.focus();
    const at = box.value.indexOf(link.dataset.edit);
    if (at >= 0) box.setSelectionRange(at, at + link.dataset.edit.length);
  });
}

// Whoever is added by name is offered too, as the query box would.
const party = document.getElementById("party");
const kind = document.getElementById("kind");

party.addEventListener("input", async () => {
  const typed = party.value.trim();
  if (!typed) return;
  const quoted = `"${typed.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}`;
  try {
    const answer = await fetch(`${address}?${new URLSearchParams({ query: `${kind.value}:${quoted}` })}`);
    const found = answer.ok && !answer.redirected ? (await answer.json()).options : [];
    if (party.value.trim() !== typed) return;
    party.list.replaceChildren(...found.map(one => Object.assign(document.createElement("option"), { value: one.value, label: one.hint })));
  } catch {
    party.list.replaceChildren();
  }
});
