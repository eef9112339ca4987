// An instrument is read; the light says before that whether what it shows may count.

import { engine } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { el, field, form, head, notice, time } from "./dom.js";
import { scanner, whereAmI } from "./scan.js";

export async function show({ inspection, again }) {
  const device = field({ label: say("app.reading.device"), hint: say("app.reading.device-hint"), name: "device", required: true, maxLength: 1200, "data-looks": true });
  const input = device.querySelector("input");
  const light = el("div", { "aria-live": "assertive" });
  const certificate = field({ label: say("app.reading.certificate"), hint: say("app.reading.certificate-hint"), name: "certificate_no", maxLength: 100 });
  const keep = el("input", { type: "checkbox", name: "kept_only", onchange: () => gate() });
  const photo = el("input", { type: "file", accept: "image/*", capture: "environment", className: "unseen", id: "reading-photo" });
  const taken = el("span", { className: "hint" });
  photo.addEventListener("change", () => { taken.textContent = photo.files[0]?.name ?? ""; });
  const told = el("fieldset", { className: "plain", disabled: true }, certificate,
    field({ label: say("app.reading.quantity"), name: "quantity", required: true, value: say("app.reading.quantity-usual"), maxLength: 200 }),
    el("div", { className: "two" }, field({ label: say("app.reading.value"), name: "value", required: true, inputMode: "decimal", pattern: "-?[0-9]+(\\.[0-9]+)?" }),
      field({ label: say("app.reading.unit"), name: "unit", required: true, value: "dB(A)", maxLength: 20 })),
    el("div", {}, photo, el("label", { className: "button second", htmlFor: "reading-photo" }, say("app.reading.photo")), taken));
  let found;
  let known = "";
  const look = async () => {
    const before = found?.tag;
    found = input.value.trim() ? await engine.standing(input.value) : null;
    if (found?.tag !== before) {
      keep.checked = false;
      const number = certificate.querySelector("input");
      const untouched = number.value === known;
      known = (found && (await engine.reference()).certificates?.[found.tag]) ?? "";
      if (untouched) number.value = known;
    }
    light.replaceChildren(...(found ? [lamp(found)] : []), ...(found?.light === "red" ? [
      el("label", { className: "option warn" }, keep, el("span", {}, say("app.reading.keep-only")))] : []));
    gate();
  };
  /** Nothing is taken with a device that is out of standing before somebody has said that they know. */
  const gate = () => { told.disabled = !found || (found.light === "red" && !keep.checked); };
  input.addEventListener("change", look);
  const readings = inspection.operations.filter((one) => one.what.type === "READING");
  return [head(say("app.step.reading"), `#/visit/${inspection.id}`),
    form(say("app.save"), async (said) => {
      const early = told.disabled;
      await look();
      if (found.light === "red" && !keep.checked) throw new Error(say("app.reading.keep-first"));
      if (early) throw new Error(say("app.form.missing", { field: say("app.reading.value") }));
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
        ...(said.certificate_no?.trim() && { certificate_no: said.certificate_no.trim() }), ...(found.light === "red" && { kept_only: true }),
        ...(evidence_id && { evidence_id }),
      });
      return again;
    },
    device, scanner(input, look), light, told),
    el("ul", { className: "cards" }, readings.map(({ what, latest }) => el("li", { className: `card light ${{ IN_STANDING: "green", NOT_IN_STANDING: "red" }[what.standing_outcome] ?? "amber"}` },
      el("strong", {}, `${what.device_tag}: ${what.value} ${what.unit}`), el("span", { className: "hint" }, `${what.quantity} · ${time(latest)}`), what.kept_only && el("span", { className: "hint" }, say("app.reading.kept-only")))))];
}

/** The traffic light in words, with the age of what it rests on. */
export function lamp({ light, words, listAge, signed }) {
  const hours = Math.floor((listAge ?? 0) / 3_600_000);
  const age = listAge === null ? "" : hours < 1 ? say("app.device.age-fresh") : say("app.device.age", { hours });
  return el("div", { className: `light ${light}`, role: "alert" }, el("span", { className: "lamp", "aria-hidden": "true" }, { green: "✓", red: "✕", amber: "?" }[light]),
    el("p", {}, words), el("p", { className: "hint" }, age, signed === null ? ` ${say("app.device.unsigned")}` : ""));
}
