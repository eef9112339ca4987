// What is wrong with a screen for somebody with gloves, in the sun, or with a screen reader: sentences.
([least, contrast]) => {
  for (const one of document.querySelectorAll("details")) one.open = true;
  const wrong = [];
  const shown = (one) => one.checkVisibility();
  const box = (one) => (one.closest(".option") ?? (one.matches(".unseen") ? document.querySelector(`label[for="${one.id}"]`) : null) ?? one)
    .getBoundingClientRect();
  const labelled = (one) => [...(one.labels ?? [])].map((label) => label.textContent).join(" ");
  const name = (one) => (one.getAttribute("aria-label") || labelled(one) || (one.matches("input, select, textarea") ? "" : one.textContent)).trim();
  for (const one of document.querySelectorAll("main :is(a, button, input, select, textarea, summary, canvas, progress)")) {
    if (!shown(one) && !one.matches(".unseen")) continue;
    const what = `${one.tagName} ${one.name ?? ""} ${name(one).slice(0, 20)}`;
    if (!name(one)) wrong.push(`${what} has no name: ${one.outerHTML.slice(0, 80)}`);
    if (one.matches("canvas, progress")) continue;
    const { width, height } = box(one);
    if (width < least || height < least) wrong.push(`${what} is ${Math.round(width)} x ${Math.round(height)}`);
  }
  const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((part) => part / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((parts(colour)[3] ?? 1) > 0.5) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const text = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (text.nextNode()) {
    const one = text.currentNode.parentElement;
    if (!text.currentNode.textContent.trim() || !shown(one) || one.closest(":disabled, .unseen")) continue;
    const [a, b] = [light(getComputedStyle(one).color), light(ground(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < contrast) wrong.push(`${text.currentNode.textContent.trim().slice(0, 20)} has a contrast of ${ratio.toFixed(2)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`the screen is ${document.documentElement.scrollWidth} wide`);
  const main = document.querySelector(".bottom :is(.button.main, .button)");
  if (main && shown(main) && main.getBoundingClientRect().bottom < innerHeight * 0.6) wrong.push("the main action is not under the thumb");
  return [...new Set(wrong)];
}
