// Keys of the content review: 1 to 4 tick, a ticks all, n goes to the next one, Ctrl+Enter sends.
const form = document.getElementById("review");
const boxes = [...(form?.querySelectorAll("input[type=checkbox]") ?? [])];
addEventListener("keydown", (event) => {
  if (event.ctrlKey && event.key === "Enter") return form?.requestSubmit();
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("textarea, input:not([type=checkbox]), select")) return;
  if (event.key === "n") document.querySelector("a[rel=next]")?.click();
  else if (event.key === "a") for (const box of boxes) box.checked = true;
  else if (boxes[event.key - 1]) boxes[event.key - 1].checked = !boxes[event.key - 1].checked;
});
