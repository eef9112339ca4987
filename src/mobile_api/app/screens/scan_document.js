// A paper as a document: photographed, cut to its edges, made black on white; the photograph itself is kept beside it.

import { engine } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { button, el, field, head, notice, trouble } from "./dom.js";
import { whereAmI } from "./scan.js";

const LONGEST = 2400; // pixels: 200 to the inch of an A4 page
const MOST_OFF = 45; // percent, at each edge
const [DARK, LIGHT] = [0.02, 0.6]; // of the pixels: what is darker is ink, what is lighter is paper
const EDGES = ["top", "right", "bottom", "left"];
let last = ""; // what the pages of one paper show

export async function show({ inspection, again }) {
  const back = `#/visit/${inspection.id}/capture`;
  const shows = field({ label: say("app.document.shows"), name: "shows", maxLength: 400, value: last });
  const input = el("input", { type: "file", accept: "image/*", capture: "environment", className: "unseen", id: "take-page" });
  const canvas = el("canvas", { className: "page", role: "img", "aria-label": say("app.document.preview") });
  const edges = Object.fromEntries(EDGES.map((edge) => [edge, field({ label: say(`app.document.${edge}`), name: edge, type: "range", min: 0, max: MOST_OFF, value: 0 })]));
  const grey = el("input", { type: "checkbox", name: "grey", checked: true });
  const off = (edge) => Number(edges[edge].querySelector("input").value) / 100;
  let photo, page;
  const cut = () => {
    const [left, top] = [Math.round(off("left") * page.width), Math.round(off("top") * page.height)];
    return [left, top, Math.max(1, Math.round(page.width * (1 - off("right"))) - left), Math.max(1, Math.round(page.height * (1 - off("bottom"))) - top)];
  };
  const draw = () => {
    const [left, top, width, height] = cut();
    Object.assign(canvas, { width: page.width, height: page.height });
    const pen = canvas.getContext("2d");
    pen.drawImage(grey.checked ? page.ink : page.plain, 0, 0);
    pen.fillStyle = "rgba(0, 0, 0, 0.6)";
    pen.beginPath();
    pen.rect(0, 0, page.width, page.height);
    pen.rect(left, top, width, height);
    pen.fill("evenodd");
  };
  const work = el("section", { hidden: true }, canvas, el("label", { className: "option" }, grey, el("span", {}, say("app.document.grey"))),
    el("div", { className: "edges" }, Object.values(edges)),
    el("div", { className: "bottom" }, button(say("app.document.save"), async () => {
      try {
        last = shows.querySelector("input").value.trim();
        const { place } = await whereAmI();
        const about = { place, kind: "DOCUMENT" };
        const words = last || say("app.capture.document");
        const [left, top, width, height] = cut();
        const out = el("canvas", { width, height });
        out.getContext("2d").drawImage(grey.checked ? page.ink : page.plain, left, top, width, height, 0, 0, width, height);
        const scan = await new Promise((resolve) => out.toBlob(resolve, "image/jpeg", 0.85));
        await engine.capture(inspection.id, photo, { ...about, mediaType: photo.type, fileName: photo.name, shows: say("app.document.original", { shows: words }) });
        await engine.capture(inspection.id, scan, { ...about, mediaType: "image/jpeg", fileName: `scan-${photo.name}`, shows: say("app.document.scan", { shows: words }) });
        await again();
      } catch (error) {
        trouble(work, error);
      }
    }, { tone: "main" })));
  work.addEventListener("input", draw);
  input.addEventListener("change", async () => {
    [photo] = input.files;
    if (!photo) return;
    try {
      page = await opened(photo);
      work.hidden = false;
      draw();
    } catch {
      trouble(work.parentElement, new Error(say("app.document.no-picture")));
    }
  });
  const pages = inspection.operations.filter((one) => one.what.type === "EVIDENCE" && one.what.kind === "DOCUMENT").length / 2;
  return [head(say("app.document.title"), back), el("p", {}, say("app.document.why")), pages >= 1 && notice("good", say("app.document.pages", { number: Math.floor(pages) })),
    shows, el("div", {}, input, el("label", { className: "button second", htmlFor: "take-page" }, say("app.document.take"))), work];
}

/** {width, height, plain, ink}: the photograph as it is, and black on white. */
async function opened(photo) {
  const picture = await createImageBitmap(photo);
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const [width, height] = [Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale))];
  const plain = el("canvas", { width, height });
  plain.getContext("2d").drawImage(picture, 0, 0, width, height);
  return { width, height, plain, ink: inked(plain) };
}

function inked(plain) {
  const { width, height } = plain;
  const pixels = plain.getContext("2d").getImageData(0, 0, width, height);
  const { data } = pixels;
  const counts = new Uint32Array(256);
  const light = (at) => Math.round(0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]);
  for (let at = 0; at < data.length; at += 4) counts[light(at)] += 1;
  const share = (part) => {
    let seen = 0;
    return counts.findIndex((count) => (seen += count) >= part * width * height);
  };
  const [low, high] = [share(DARK), Math.max(share(LIGHT), share(DARK) + 1)];
  for (let at = 0; at < data.length; at += 4) {
    const value = ((light(at) - low) / (high - low)) * 255; // Uint8ClampedArray holds it within 0 and 255
    data[at] = data[at + 1] = data[at + 2] = value;
  }
  const ink = el("canvas", { width, height });
  ink.getContext("2d").putImageData(pixels, 0, 0);
  return ink;
}
