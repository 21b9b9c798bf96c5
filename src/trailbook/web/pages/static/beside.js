// What takes its own time is loaded beside the rest of the page, from where `data-beside` says.

for (const part of document.querySelectorAll("[data-beside]")) {
  const place = part.querySelector(".beside");
  if (place.querySelector("figure, .notice")) continue;
  part.setAttribute("aria-busy", "true");
  fetch(part.dataset.beside, { headers: { Accept: "text/html" } })
    .then(async answer => {
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      place.innerHTML = await answer.text();
      for (const same of document.querySelectorAll(`[data-same="${part.id}"]`)) same.innerHTML = place.innerHTML;
    })
    .catch(() => { place.append(Object.assign(document.createElement("p"), { className: "hint", textContent: part.dataset.failed })); })
    .finally(() => part.removeAttribute("aria-busy"));
}
