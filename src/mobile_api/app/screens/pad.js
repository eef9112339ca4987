// A pad to sign on with a finger; what comes out is a PNG.

import { say } from "../engine/words.js";
import { button, el } from "./dom.js";

const drawn = new Map(); // by who signs under what: a screen that is drawn anew keeps what was begun

export function pad(label, key) {
  if (!drawn.has(key)) drawn.set(key, made(label, () => drawn.delete(key)));
  return drawn.get(key);
}

function made(label, done) {
  const canvas = el("canvas", { className: "pad", width: 700, height: 280, role: "img", "aria-label": label });
  const pen = canvas.getContext("2d");
  let strokes = 0;
  const clear = () => {
    strokes = 0;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    Object.assign(pen, { lineWidth: 5, lineCap: "round", lineJoin: "round", strokeStyle: "#111" });
  };
  clear();
  const at = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * canvas.width, ((clientY - box.top) / box.height) * canvas.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pen.beginPath();
    pen.moveTo(...at(event));
    strokes += 1;
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    pen.lineTo(...at(event));
    pen.stroke();
  });
  return {
    element: el("div", { className: "pad-holder" }, el("p", { className: "hint" }, label), canvas, button(say("app.pad.clear"), clear, { tone: "quiet" })),
    done,
    empty: () => strokes === 0,
    png: () => new Promise((resolve) => canvas.toBlob(resolve, "image/png")),
  };
}
