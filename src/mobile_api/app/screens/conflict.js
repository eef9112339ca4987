// Two phones told differently of one thing: all sides are shown, one is chosen or a new one written; nothing is lost.

import { engine } from "../engine/engine.js";
import { digest } from "./content.js";
import { say } from "../engine/words.js";
import { button, choice, el, field, head, time, trouble } from "./dom.js";
import { kept } from "./draft.js";
import { OUTCOMES } from "./steps.js";

/** Members with a set of answers, and where their words are. */
const ANSWERS = {
  result: [["CONFORMS", "DOES_NOT_CONFORM", "NOT_APPLICABLE"], (told) => say(`app.finding.${told}`)],
  recusal: [["NOT_ASKED", "ASKED"], (told) => say(told === "ASKED" ? "app.rights.asked" : "app.rights.not-asked")],
  outcome: [OUTCOMES, (told) => say(`app.outcome.${told}`)],
  counts: [["true", "false"], (told) => say(String(told) === "true" ? "app.cap.counts" : "app.cap.counts-not")],
  present: [["true", "false"], (told) => say(String(told) === "true" ? "app.helpers.there" : "app.helpers.not-there")],
};
const DAYS = ["correct_by"];
const WRITTEN = ["note", "text", "recusal_note", "reason", "name", "position", "telephone", "legal_representative", "role", "witness_name", "witness_contact", "urgent_reason"];

export async function show({ inspection, again }) {
  const { colleagues } = await engine.reference();
  const name = (id) => colleagues.find((one) => one.id === id)?.name ?? id;
  const one = async ([key, member]) => {
    const values = inspection.fields[key][member];
    const about = inspection.operations.find((operation) => operation.id === values[0].operation).what;
    const settle = async (side, told) => {
      await engine.tell(inspection.id, { type: side.type, ...needed(side), [member]: told });
      await again();
    };
    const sides = await Promise.all(values.map(async (told) => el("div", { className: "side" }, el("p", {}, el("b", {}, name(told.author)), ` · ${time(told.at)}`),
      el("p", { className: "read-out" }, await shown(member, told.value)),
      button(say("app.conflict.take"), () => settle(inspection.operations.find((operation) => operation.id === told.operation).what, told.value),
        { tone: "second", "aria-label": say("app.conflict.take-of", { who: name(told.author) }) }))));
    return el("section", { className: "card" }, el("h2", {}, heading(inspection, about, member)), el("p", {}, say("app.conflict.both")), sides,
      anew(key, member, values, (told) => settle(about, told)));
  };
  return [head(say("app.conflict.title"), `#/visit/${inspection.id}`), el("p", {}, say("app.conflict.why")), await Promise.all(inspection.conflicts.map(one)),
    inspection.conflicts.length === 0 && el("p", { className: "empty" }, say("app.conflict.none"))];
}

function heading({ checklist }, about, member) {
  const point = about.item && checklist.items.find((one) => one.code === about.item);
  const what = about.item ? `${about.item} ${point?.text ?? ""}` : say(`app.operation.${about.type}`);
  return `${what} · ${say(`app.conflict.member.${member}`).replace(/^app\..*\./, "")}`;
}

/** A third answer, which replaces all sides; null for what nobody can write by hand. */
function anew(key, member, values, settle) {
  const name = `${key} ${member}`;
  const [answers, words] = ANSWERS[member] ?? [];
  if (!answers && !DAYS.includes(member) && !WRITTEN.includes(member)) return null;
  const asked = answers ? choice({ legend: say("app.conflict.new"), name, options: answers.map((told) => [told, words(told)]) })
    : field({ label: say("app.conflict.new"), name, ...(DAYS.includes(member) ? { type: "date" } : { tag: "textarea", rows: 3, value: values.map((told) => told.value).join("\n") }) });
  const told = () => (asked.querySelector(answers ? "input:checked" : "input, textarea")?.value ?? "").trim();
  const section = el("details", {}, el("summary", {}, say("app.conflict.write")), asked, button(say("app.conflict.write-do"), async () => {
    if (!told()) return trouble(section, new Error(say("app.form.missing", { field: say("app.conflict.new") })));
    const boolean = member === "counts" || member === "present";
    const given = boolean ? told() === "true" : told();
    await draft.forget();
    await settle(given);
  }, { tone: "warn" }));
  const draft = kept(section, `${location.hash} ${name}`);
  return section;
}

async function shown(member, told) {
  if (ANSWERS[member]) return ANSWERS[member][1](told);
  if (member === "content") return say("app.conflict.document", { sha: (await digest(told)).slice(0, 16) });
  return typeof told === "string" ? told : JSON.stringify(told);
}

const NEEDED = {
  BEGUN: ["source"], SCANNED_IN: ["code"], CREDENTIAL_SHOWN: ["credential_no"], RIGHTS_TOLD: ["recusal"], FINDING: ["item"], DOCUMENT: ["kind", "content"],
  EVIDENCE: ["evidence_id", "sha256", "size", "media_type"], SIGNATURE: ["document_sha256", "signer"], REFUSAL: ["document_sha256", "reason"], WAIVER: ["gap", "reason"],
  HELPER: ["name"], READING: ["device_tag", "quantity", "value", "unit"],
};

/** Members without which an operation of the type does not stand, as the side that was chosen told them. */
function needed(side) {
  return Object.fromEntries((NEEDED[side.type] ?? []).map((name) => [name, side[name]]));
}
