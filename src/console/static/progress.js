// Moves the bar of a job that runs, and shows its result once it has one.
const panel = document.getElementById("progress");
const bar = document.getElementById("bar");
const look = async () => {
  const answer = await fetch(panel.dataset.address, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { state, done, total } = await answer.json();
  if (state === "DONE" || state === "FAILED") return location.reload();
  bar.max = total || 1;
  bar.value = done;
  document.getElementById("done").textContent = done;
  document.getElementById("total").textContent = total || "…";
};
if (panel) setInterval(look, 500);
