// Two phones told differently of one thing: both are shown, and nothing is lost by choosing.

import { engine } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { button, el, head, time } from "./dom.js";

export async function show({ inspection, again }) {
  const { colleagues } = await engine.reference();
  const name = (id) => colleagues.find((one) => one.id === id)?.name ?? id;
  const one = ([key, member]) => {
    const values = inspection.fields[key][member];
    const about = inspection.operations.find((operation) => operation.id === values[0].operation).what;
    return el("section", { className: "card" }, el("h2", {}, `${about.item ?? say(`app.operation.${about.type}`)}`), el("p", {}, say("app.conflict.both")),
      values.map((told) => el("div", { className: "side" }, el("p", {}, el("b", {}, name(told.author)), ` · ${time(told.at)}`), el("p", { className: "read-out" }, shown(told.value)),
        button(say("app.conflict.take"), async () => {
          const side = inspection.operations.find((operation) => operation.id === told.operation).what;
          await engine.tell(inspection.id, { type: side.type, ...needed(side), [member]: told.value });
          await again();
        }, { tone: "second" }))));
  };
  return [head(say("app.conflict.title"), `#/visit/${inspection.id}`), el("p", {}, say("app.conflict.why")), inspection.conflicts.map(one),
    inspection.conflicts.length === 0 && el("p", { className: "empty" }, say("app.conflict.none"))];
}

const shown = (told) => (typeof told === "string" ? say(`app.finding.${told}`).replace(/^app\.finding\./, "") : JSON.stringify(told));

const NEEDED = {
  BEGUN: ["source"], SCANNED_IN: ["code"], CREDENTIAL_SHOWN: ["credential_no"], RIGHTS_TOLD: ["recusal"], FINDING: ["item"], DOCUMENT: ["kind", "content"],
  EVIDENCE: ["evidence_id", "sha256", "size", "media_type"], SIGNATURE: ["document_sha256", "signer"], REFUSAL: ["document_sha256", "reason"], WAIVER: ["gap", "reason"],
};

/** Members without which an operation of the type does not stand, as the side that was chosen told them. */
function needed(side) {
  return Object.fromEntries((NEEDED[side.type] ?? []).map((name) => [name, side[name]]));
}
