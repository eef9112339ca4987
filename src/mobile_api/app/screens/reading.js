// An instrument is read; the light says before that whether what it shows may count.

import { engine } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { el, field, form, head, notice, time } from "./dom.js";
import { scanner, whereAmI } from "./scan.js";

export async function show({ inspection, again }) {
  const device = field({ label: say("app.reading.device"), hint: say("app.reading.device-hint"), name: "device", required: true, maxLength: 1200 });
  const input = device.querySelector("input");
  const light = el("div", { "aria-live": "assertive" });
  let found;
  const look = async () => {
    found = input.value.trim() ? await engine.standing(input.value) : null;
    light.replaceChildren(...(found ? [lamp(found)] : []));
  };
  input.addEventListener("change", look);
  const photo = el("input", { type: "file", accept: "image/*", capture: "environment", className: "unseen", id: "reading-photo" });
  const taken = el("span", { className: "hint" });
  photo.addEventListener("change", () => { taken.textContent = photo.files[0]?.name ?? ""; });
  const readings = inspection.operations.filter((one) => one.what.type === "READING");
  return [head(say("app.step.reading"), `#/visit/${inspection.id}`),
    form(say("app.save"), async (said) => {
      await look();
      let evidence_id;
      if (photo.files[0]) {
        const { place } = await whereAmI();
        ({ evidence_id } = await engine.capture(inspection.id, photo.files[0], {
          mediaType: photo.files[0].type, fileName: photo.files[0].name, deviceTag: found.tag, place, shows: say("app.reading.shows", { device: found.tag }),
        }));
      }
      await engine.tell(inspection.id, {
        type: "READING", device_tag: found.tag, quantity: said.quantity.trim(), value: said.value.trim(), unit: said.unit.trim(),
        standing_outcome: { green: "IN_STANDING", red: "NOT_IN_STANDING", amber: "UNKNOWN" }[found.light], standing_reasons: found.reasons, standing_words: found.words,
        ...(evidence_id && { evidence_id }),
      });
      await again();
    },
    device, scanner(input, look), light,
    field({ label: say("app.reading.quantity"), name: "quantity", required: true, value: say("app.reading.quantity-usual"), maxLength: 200 }),
    el("div", { className: "two" }, field({ label: say("app.reading.value"), name: "value", required: true, inputMode: "decimal", pattern: "-?[0-9]+(\\.[0-9]+)?" }),
      field({ label: say("app.reading.unit"), name: "unit", required: true, value: "dB(A)", maxLength: 20 })),
    el("div", {}, photo, el("label", { className: "button second", htmlFor: "reading-photo" }, say("app.reading.photo")), taken)),
    el("ul", { className: "cards" }, readings.map(({ what, latest }) => el("li", { className: `card light ${what.standing_outcome === "IN_STANDING" ? "green" : "red"}` },
      el("strong", {}, `${what.device_tag}: ${what.value} ${what.unit}`), el("span", { className: "hint" }, `${what.quantity} · ${time(latest)}`))))];
}

/** The traffic light in words, with the age of what it rests on. */
export function lamp({ light, words, listAge, signed }) {
  const hours = Math.floor((listAge ?? 0) / 3_600_000);
  const age = listAge === null ? "" : hours < 1 ? say("app.device.age-fresh") : say("app.device.age", { hours });
  return el("div", { className: `light ${light}`, role: "alert" }, el("span", { className: "lamp", "aria-hidden": "true" }, { green: "✓", red: "✕", amber: "?" }[light]),
    el("p", {}, words), el("p", { className: "hint" }, age, signed === null ? ` ${say("app.device.unsigned")}` : ""));
}
