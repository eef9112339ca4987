// Looks again every few seconds, and shows what is new without moving the page.
const live = document.getElementById("live");
const look = async () => {
  if (document.visibilityState !== "visible") return;
  const answer = await fetch(live.dataset.address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const made = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  if (made && made.innerHTML !== live.innerHTML) live.replaceChildren(...made.childNodes);
};
if (live) setInterval(look, 3000);
