// A box for a name or an ID offers whom the directory knows by what is typed: of the kind in `data-people`, or the one
// that is chosen in the field of this id.

import { completion, suggest } from "./suggestions.js";

for (const box of document.querySelectorAll("[data-people]")) {
  const chosen = document.getElementById(box.dataset.people);
  const find = async typed => {
    const quoted = `"${typed.trimStart().replaceAll("\\", "\\\\").replaceAll('"', '\\"')}`;
    const found = await completion(`${chosen ? chosen.value : box.dataset.people}:${quoted}`);
    return found && found.options.map(one => ({ hint: one.hint, value: one.value }));
  };
  suggest(box, find, option => { box.value = option.value; });
}
