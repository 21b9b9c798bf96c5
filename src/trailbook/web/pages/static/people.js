// A box for a name or an ID offers whom the directory knows by what is typed: of the kind in `data-people`, which may be
// the value of a field, `#` and its id.

import { completion, suggest } from "./suggestions.js";

for (const box of document.querySelectorAll("[data-people]")) {
  const kind = box.dataset.people;
  const find = async typed => {
    const quoted = `"${typed.trimStart().replaceAll("\\", "\\\\").replaceAll('"', '\\"')}`;
    const found = await completion(`${kind.startsWith("#") ? document.querySelector(kind).value : kind}:${quoted}`);
    return found && found.options.map(one => ({ hint: one.hint, value: one.value }));
  };
  suggest(box, find, option => { box.value = option.value; });
}
