// One inspection: its steps in order, what each still lacks, and the next one under the thumb.

import { engine, value } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { badge, button, el, head, notice } from "./dom.js";
import { shown } from "./join.js";
import { due } from "./notices.js";
import { noPlace } from "./scan.js";

const has = (fields, key) => key in fields;
const some = (fields, prefix) => Object.keys(fields).filter((key) => key.startsWith(prefix)).length;

/** name → what is done of it: true, false, or [done, of]. */
export function progress({ fields, checklist }) {
  const officers = some(fields, "joined:");
  return {
    scan: has(fields, "scanned-in"),
    credentials: officers >= 2 && some(fields, "credential-shown:") >= officers,
    rights: has(fields, "rights-told"),
    findings: [checklist.items.filter((one) => fields[`finding:${one.code}`]?.result).length, checklist.items.length],
    capture: [some(fields, "evidence:"), null],
    reading: [some(fields, "reading:"), null],
    statement: has(fields, "statement"),
    outcome: has(fields, "outcome") && has(fields, "cap"),
    record: signed(fields, officers),
    documents: [some(fields, "document:") - (has(fields, "document:ON_SITE_RECORD") ? 1 : 0), due(fields) ? 1 : null],
    close: has(fields, "closed"),
  };
}

/** Whether everybody has signed, or the party refused, under one and the same text. */
function signed(fields, officers) {
  const digests = new Set(Object.keys(fields).filter((key) => /^(signature|refusal):/.test(key)).map((key) => key.split(":")[1]));
  return officers > 0 && [...digests].some((sha) => some(fields, `signature:${sha}:OFFICER:`) >= officers
    && (has(fields, `signature:${sha}:PARTY`) || has(fields, `refusal:${sha}`)));
}

export async function show({ me, inspection }) {
  const { id, enterprise, fields, conflicts } = inspection;
  const done = progress(inspection);
  const joined = `joined:${me.person_id}` in fields;
  const open = Object.entries(done).find(([, state]) => state === false || (Array.isArray(state) && state[1] !== null && state[0] < state[1]));
  const people = Object.keys(fields).filter((key) => key.startsWith("joined:")).length;
  return [head(enterprise.name || inspection.title || say("app.tasks.unnamed"), "#/"),
    el("p", { className: "lead" }, inspection.title, " · ", say(`app.state.${inspection.state}`)),
    el("p", { className: "hint" }, [enterprise.uscc, enterprise.address].filter(Boolean).join(" · ")),
    !inspection.approved_at && notice("warn", say(inspection.source === "URGENT" ? "app.visit.urgent" : "app.visit.not-approved")),
    has(fields, "scanned-in") && !fields["scanned-in"].place && notice("warn", say(`app.place.${noPlace}`)),
    conflicts.length > 0 && notice("bad", el("a", { href: `#/visit/${id}/conflict` }, say("app.conflict.some", { number: conflicts.length }))),
    joined ? el("ol", { className: "steps" }, Object.entries(done).map(([name, state], at) => step(id, name, state, at + 1))) : null,
    el("div", { className: "bottom" }, joined
      ? open ? el("a", { className: "button main", href: `#/visit/${id}/${open[0]}` }, say(`app.step.${open[0]}`))
        : el("a", { className: "button main", href: `#/visit/${id}/close` }, say("app.step.close"))
      : button(say("app.visit.join"), () => engine.tell(id, { type: "JOINED" }), { tone: "main" })),
    joined && people < 2 ? notice("warn", say("app.visit.second-missing")) : null,
    joined && await shown(id)];
}

function step(id, name, state, number) {
  const counted = Array.isArray(state);
  const whole = counted ? state[1] !== null && state[0] >= state[1] && state[1] > 0 : state;
  const words = counted ? (state[1] === null ? (state[0] ? String(state[0]) : say("app.step.optional")) : `${state[0]}/${state[1]}`) : say(state ? "app.step.done" : "app.step.open");
  return el("li", {}, el("a", { className: "step", href: `#/visit/${id}/${name}` },
    el("span", { className: "step-number" }, String(number)), el("span", { className: "grow" }, say(`app.step.${name}`)), badge(whole ? "good" : "plain", words)));
}

export { value };
