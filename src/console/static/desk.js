// What every page does beyond HTML: the reader is led to what was refused, and a form is sent once.
const refusals = document.getElementById("refusals");
if (refusals) {
  const first = document.querySelector("[aria-invalid=true]");
  (first ?? refusals).focus();
}
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

for (const all of document.querySelectorAll("input[data-all]")) {
  all.addEventListener("change", () => {
    for (const one of document.getElementsByName(all.dataset.all)) one.checked = all.checked;
  });
}
