// Columns change places by drag; the buttons beside them do the same.

const list = document.querySelector("[data-order]");
let held = null;

for (const item of list.children) {
  const grip = document.createElement("span");
  grip.className = "grip";
  grip.textContent = "⠿";
  grip.draggable = true;
  grip.setAttribute("aria-hidden", "true");
  item.prepend(grip);
  grip.addEventListener("dragstart", event => {
    held = item;
    item.classList.add("held");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", item.dataset.key);
    event.dataTransfer.setDragImage(item, 10, 10);
  });
  grip.addEventListener("dragend", () => { item.classList.remove("held"); held = null; });
}
list.addEventListener("dragover", event => {
  if (!held) return;
  event.preventDefault();
  const over = event.target.closest("li");
  if (!over || over === held) return;
  const box = over.getBoundingClientRect();
  over[event.clientX < box.left + box.width / 2 ? "before" : "after"](held);
});
list.addEventListener("drop", event => {
  if (!held) return;
  event.preventDefault();
  const shown = document.createElement("input");
  shown.type = "hidden";
  shown.name = "shown";
  shown.value = [...list.children].map(item => item.dataset.key).join(",");
  const form = list.closest("form");
  form.append(shown);
  form.submit();
});
