// Photographs, video, sound and scans: the original is kept as the camera made it, hashed and signed at once.

import { engine } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { badge, button, el, field, head, notice, size, trouble } from "./dom.js";
import { kept } from "./draft.js";
import { space } from "./queue.js";
import { whereAmI } from "./scan.js";

const KINDS = [["photo", "image/*", "environment"], ["video", "video/*", "environment"], ["audio", "audio/*", "user"], ["document", "image/*,application/pdf", null]];

export async function show({ inspection, again }) {
  const item = location.hash.split("/")[4];
  const shows = field({ label: say("app.capture.shows"), name: "shows", maxLength: 500, value: "" });
  const messages = el("div", { "aria-live": "polite" });
  const draft = kept(shows);
  const take = async (files, kind) => {
    for (const file of files) {
      try {
        const { place } = await whereAmI();
        await engine.capture(inspection.id, file, {
          mediaType: file.type || "application/octet-stream", fileName: file.name, place, kind: kind.toUpperCase(),
          shows: shows.querySelector("input").value.trim() || say(`app.capture.${kind}`), ...(item && { item: decodeURIComponent(item) }),
        });
      } catch (error) {
        trouble(messages, error);
        return;
      }
    }
    await draft.forget();
    await again();
  };
  return [head(say("app.step.capture"), item ? `#/visit/${inspection.id}/findings` : `#/visit/${inspection.id}`), space(await engine.room()), messages, shows,
    el("div", { className: "tiles" }, KINDS.map(([kind, accept, camera]) => picker(kind, accept, camera, take)),
      el("div", { className: "tile-holder" }, el("a", { className: "tile", href: `#/visit/${inspection.id}/document` }, say("app.document.title")))),
    recorder(take, messages), await list(inspection)];
}

function picker(kind, accept, camera, take) {
  const input = el("input", { type: "file", accept, multiple: true, className: "unseen", id: `take-${kind}`, ...(camera && { capture: camera }) });
  input.addEventListener("change", () => take([...input.files], kind));
  return el("div", { className: "tile-holder" }, input, el("label", { className: "tile", htmlFor: input.id }, say(`app.capture.${kind}`)));
}

/** Sound in the page itself, where a phone has no recorder to hand over to. */
function recorder(take, messages) {
  if (!("MediaRecorder" in window) || !navigator.mediaDevices) return null;
  let running;
  const words = (on) => say(on ? "app.capture.stop" : "app.capture.record-sound");
  const toggle = button(words(false), async () => {
    if (running) return running.stop();
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      messages.replaceChildren(notice("bad", say(error.name === "NotAllowedError" ? "app.capture.denied" : "app.capture.no-microphone")));
      return;
    }
    const parts = [];
    running = new MediaRecorder(stream);
    running.ondataavailable = ({ data }) => parts.push(data);
    running.onstop = () => {
      stream.getTracks().forEach((track) => track.stop());
      const type = running.mimeType.split(";")[0];
      running = null;
      toggle.textContent = words(false);
      take([new File(parts, `sound-${Date.now()}`, { type })], "audio");
    };
    running.start();
    toggle.textContent = words(true);
  }, { tone: "second" });
  return toggle;
}

async function list(inspection) {
  const here = (await engine.queue()).filter((one) => one.inspection_id === inspection.id && one.kind !== "operation");
  return el("ul", { className: "cards" }, await Promise.all(here.map(async (one) => {
    const blob = one.kind === "photo" ? await engine.picture(one.id) : null;
    const picture = blob && el("img", { className: "thumb", alt: "", loading: "lazy", src: URL.createObjectURL(blob), onload: ({ target }) => URL.revokeObjectURL(target.src) });
    return el("li", { className: "card row" }, picture, el("span", { className: "grow" }, one.label, el("span", { className: "hint" }, ` ${size(one.size)}`)),
      badge({ safe: "good", attention: "bad" }[one.state] ?? "plain", say(`app.queue.${one.state}`)));
  })));
}
