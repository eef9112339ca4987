// The review sheet by keyboard: Enter goes to the next field, Ctrl+Enter sends; the points are added up as they are typed.
const form = document.getElementById("sheet");
const fields = [...(form?.querySelectorAll("tbody input") ?? [])];
const total = document.getElementById("total");
function add() {
  const points = fields.filter((one) => one.type === "number").reduce((sum, one) => sum + Number(one.value), 0);
  const vetoes = fields.filter((one) => one.type === "checkbox" && one.checked).map((one) => one.name.split(".")[1]);
  total.textContent = [`${total.dataset.words} ${points}`, ...vetoes].join(" · ");
}
if (form) {
  add();
  form.addEventListener("input", add);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName === "BUTTON") return;
    event.preventDefault();
    if (event.ctrlKey) return form.requestSubmit();
    const next = fields[fields.indexOf(event.target) + 1];
    if (next) next.focus();
    else form.querySelector("button.primary").focus();
    if (next?.type === "number") next.select();
  });
}
