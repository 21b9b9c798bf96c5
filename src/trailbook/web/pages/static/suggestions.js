// A text box that makes suggestions while one types: a list below it, to choose from by arrows, Enter, Tab or a click.

const WAIT = 120;

/**
 * `find(before)` is asked what may stand at the end of the text before the caret, as {text, hint}; nothing: the list
 * closes. `take(option)` puts what was chosen into the box, and tells whether to look for more at once.
 */
export function suggest(box, find, take) {
  const list = document.createElement("ul");
  let options = [];
  let chosen = -1;
  let timer = 0;
  let asked = 0;

  list.id = `${box.id}-options`;
  list.className = "options";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.dataset.suggestions);
  box.after(list);
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", list.id);
  close();

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT);
  });
  box.addEventListener("blur", close);
  box.addEventListener("keydown", event => {
    if (event.key === "Escape" && options.length) { event.preventDefault(); close(); return; }
    if (event.key === "ArrowDown" && !options.length) { event.preventDefault(); look(); return; }
    if (!options.length) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose((chosen + step + options.length) % options.length);
    } else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) {
      event.preventDefault();
      accept(options[chosen]);
    }
  });
  list.addEventListener("pointerdown", event => {
    const option = event.target.closest("li");
    if (!option) return;
    event.preventDefault();
    accept(options[[...list.children].indexOf(option)]);
  });

  async function look() {
    const number = asked += 1;
    try {
      const found = await find(box.value.slice(0, box.selectionStart));
      if (!found || number !== asked || document.activeElement !== box) return;
      options = found;
      show();
    } catch {
      close();
    }
  }

  function show() {
    list.replaceChildren(...options.map((option, number) => {
      const item = document.createElement("li");
      item.id = `${list.id}-${number}`;
      item.setAttribute("role", "option");
      if (option.text) item.append(made("code", option.text), " ");
      if (option.hint) item.append(made("span", option.hint));
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

  function accept(option) {
    const more = take(option);
    close();
    if (more) look();
  }

  function close() {
    options = [];
    list.replaceChildren();
    list.hidden = true;
    chosen = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }
}

function made(tag, text) {
  return Object.assign(document.createElement(tag), { textContent: text });
}

/** What the service has for the end of a query; nothing if it does not answer. */
export async function completion(query) {
  const answer = await fetch(`/reports/parts/completion?${new URLSearchParams({ query })}`);
  return answer.ok && !answer.redirected ? answer.json() : null;
}
