// The query box completes keys and values while one types; "edit" of a condition selects it there.

import { completion, suggest } from "./suggestions.js";

const box = document.getElementById("query");
let begin = 0;

suggest(box, find, take);

async function find(before) {
  const found = await completion(before);
  if (!found) return null;
  // Positions are of characters; a script counts in halves of some of them.
  begin = [...before].slice(0, found.at).join("").length;
  return found.options.filter(option => option.text !== before.slice(begin));
}

function take(option) {
  const key = option.text.endsWith(":");
  box.setRangeText(key ? option.text : `${option.text} `, begin, box.selectionStart, "end");
  return key;
}

for (const link of document.querySelectorAll("[data-edit]")) {
  link.addEventListener("click", event => {
    event.preventDefault();
    box.focus();
    const at = box.value.indexOf(link.dataset.edit);
    if (at >= 0) box.setSelectionRange(at, at + link.dataset.edit.length);
  });
}
