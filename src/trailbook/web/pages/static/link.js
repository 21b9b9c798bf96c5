// One-time links: the token stands behind the #, where no server sees it. It is taken from there into the form.

const token = location.hash.slice(1);
const elsewhere = document.querySelector("[data-link-page]");
const field = document.querySelector("[data-token]");

if (token && elsewhere) {
  location.replace(elsewhere.dataset.linkPage + location.hash);
} else if (token && field) {
  history.replaceState(null, "", location.pathname);
  field.value = token;
  field.closest(".field").hidden = true;
  document.getElementById("password")?.focus();
  document.querySelector("[data-at-once]")?.requestSubmit();
}
