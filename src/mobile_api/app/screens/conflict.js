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
          const identity = about.type === "FINDING" ? { item: about.item } : about.type === "DOCUMENT" ? { kind: about.kind } : {};
          await engine.tell(inspection.id, { type: about.type, ...required(about), ...identity, [member]: told.value });
          await again();
        }, { tone: "second" }))));
  };
  return [head(say("app.conflict.title"), `#/visit/${inspection.id}`), el("p", {}, say("app.conflict.why")), inspection.conflicts.map(one),
    inspection.conflicts.length === 0 && el("p", { className: "empty" }, say("app.conflict.none"))];
}

const shown = (told) => (typeof told === "string" ? say(`app.finding.${told}`).replace(/^app\.finding\./, "") : JSON.stringify(told));

/** Members without which an operation of the type does not stand. */
function required(about) {
  const needed = { SCANNED_IN: ["code"], RIGHTS_TOLD: ["recusal"], BEGUN: ["source"], CREDENTIAL_SHOWN: ["credential_no"] }[about.type] ?? [];
  return Object.fromEntries(needed.map((name) => [name, about[name]]));
}
