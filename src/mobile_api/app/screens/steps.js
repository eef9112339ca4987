// The short steps of a visit: scan-in, credentials, rights, statement, outcome.

import { engine, value } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { badge, button, choice, el, field, form, head, notice, time, trouble } from "./dom.js";
import { kept } from "./draft.js";
import { scanner, whereAmI } from "./scan.js";
import { codeIn, valid, within } from "../engine/uscc.js";

const back = (inspection) => `#/visit/${inspection.id}`;
const go = (inspection) => { location.hash = back(inspection); };

export async function scanIn({ inspection }) {
  const told = inspection.operations.find((one) => one.what.type === "SCANNED_IN");
  const code = field({ label: say("app.scan-in.code"), hint: say("app.scan-in.hint"), name: "code", required: true, autocapitalize: "characters", maxLength: 1000 });
  const input = code.querySelector("input");
  input.addEventListener("input", () => delete input.dataset.manner);
  return [head(say("app.step.scan"), back(inspection)),
    told && notice("good", say("app.scan-in.done", { time: time(told.latest), code: told.what.code })),
    form(say("app.scan-in.do"), async (said) => {
      const { uscc } = inspection.enterprise;
      const { supervision_codes: codes } = await engine.reference();
      const meant = codes?.[codeIn(said.code)];
      if (uscc && meant && meant !== uscc) throw new Error(say("app.scan-in.other", { uscc }));
      if (uscc && within(said.code) !== uscc && /^[0-9A-Z]{18}$/.test(within(said.code))) throw new Error(say("app.scan-in.other", { uscc }));
      if (/^[0-9A-Za-z]{18}$/.test(said.code.trim()) && !valid(within(said.code))) throw new Error(say("app.start.uscc-wrong"));
      const manner = input.dataset.manner ?? "TYPED";
      const { place } = await whereAmI();
      await engine.tell(inspection.id, { type: "SCANNED_IN", code: said.code.trim(), manner, ...(place && { place }) });
      go(inspection);
    }, code, scanner(input))];
}

export async function credentials({ me, inspection, again }) {
  const { colleagues } = await engine.reference();
  const people = await engine.people();
  const credential = (id) => colleagues.find((one) => one.id === id);
  const row = (person) => {
    const card = credential(person.person_id) ?? (person.credential_no ? person : null);
    const joined = `joined:${person.person_id}` in inspection.fields;
    const shown = `credential-shown:${person.person_id}` in inspection.fields;
    const pin = person.main ? null : field({ label: say("app.second.pin"), name: `pin-${person.person_id}`, type: "password", inputMode: "numeric" });
    const section = el("section", { className: "card" }, el("strong", {}, person.name), el("p", { className: "credential" }, card?.credential_no ?? say("app.credentials.none")),
      card?.valid_until && el("p", { className: "hint" }, say("app.credentials.until", { day: card.valid_until })),
      card?.kind === "AUXILIARY" && notice("warn", say("app.credentials.auxiliary")),
      shown ? badge("good", say("app.credentials.shown")) : el("div", {}, pin, button(say("app.credentials.show"), async () => {
        const who = person.main ? {} : { as: person.person_id, pin: pin.querySelector("input").value };
        try {
          if (!joined) await engine.tell(inspection.id, { type: "JOINED" }, who);
          await engine.tell(inspection.id, { type: "CREDENTIAL_SHOWN", credential_no: card?.credential_no ?? "—" }, who);
          again();
        } catch (error) {
          trouble(section, error);
        }
      }, { tone: "main" })));
    return section;
  };
  const elsewhere = Object.keys(inspection.fields).filter((key) => key.startsWith("joined:")).map((key) => key.slice(7))
    .filter((id) => !people.some((one) => one.person_id === id));
  return [head(say("app.step.credentials"), back(inspection)), el("p", {}, say("app.credentials.why")), people.map(row),
    elsewhere.map((id) => el("section", { className: "card" }, el("strong", {}, credential(id)?.name ?? id), badge("plain", say("app.credentials.other-phone")))),
    people.length < 2 && elsewhere.length < 1 ? notice("warn", say("app.visit.second-missing"), " ", el("a", { href: "#/second" }, say("app.second.title"))) : null,
    helpers(inspection, colleagues, again)];
}

/** Who helps without being an officer: auxiliaries of the unit by one press, others by name. */
function helpers({ id, fields }, colleagues, again) {
  const there = (name) => `helper:${name}` in fields && value(fields, `helper:${name}`, "present") !== false;
  const auxiliaries = colleagues.filter((one) => one.kind === "AUXILIARY").map((one) => one.name_zh ?? one.name);
  const told = Object.keys(fields).filter((key) => key.startsWith("helper:")).map((key) => key.slice(7)).filter((name) => !auxiliaries.includes(name) && there(name));
  const row = (name) => el("li", { className: "card row" }, el("span", { className: "grow" }, name, there(name) && el("span", { className: "hint" }, ` ${value(fields, `helper:${name}`, "role") ?? ""}`)),
    button(say(there(name) ? "app.helpers.not-there" : "app.helpers.there"), async () => {
      await engine.tell(id, { type: "HELPER", name, present: !there(name), ...(!there(name) && { role: say("app.helpers.auxiliary") }) });
      await again();
    }, { tone: there(name) ? "chosen good" : "second", "aria-label": say(there(name) ? "app.helpers.not-there-who" : "app.helpers.there-who", { name }) }));
  return el("section", {}, el("h2", {}, say("app.helpers.title")), el("p", { className: "hint" }, say("app.helpers.why")),
    el("ul", { className: "cards" }, [...auxiliaries, ...told].map(row)),
    other(id, again));
}

function other(id, again) {
  const name = field({ label: say("app.helpers.name"), name: "helper", maxLength: 200 });
  const role = field({ label: say("app.helpers.role"), name: "role", maxLength: 200 });
  const said = (one) => one.querySelector("input").value.trim();
  const section = el("details", { id: "other-helper" }, el("summary", {}, say("app.helpers.other")), name, role, button(say("app.helpers.add"), async () => {
    if (!said(name)) return trouble(section, new Error(say("app.form.missing", { field: say("app.helpers.name") })));
    await engine.tell(id, { type: "HELPER", name: said(name), present: true, ...(said(role) && { role: said(role) }) });
    await draft.forget();
    await again();
  }, { tone: "second" }));
  const draft = kept(section);
  return section;
}

export async function rights({ inspection }) {
  return [head(say("app.step.rights"), back(inspection)), el("blockquote", { className: "read-out" }, say("app.rights.text")),
    form(say("app.rights.do"), async ({ recusal, recusal_note }) => {
      await engine.tell(inspection.id, { type: "RIGHTS_TOLD", recusal, ...(recusal_note.trim() && { recusal_note }) });
      go(inspection);
    },
    choice({ legend: say("app.rights.question"), name: "recusal", chosen: value(inspection.fields, "rights-told", "recusal") ?? "NOT_ASKED",
      options: [["NOT_ASKED", say("app.rights.not-asked")], ["ASKED", say("app.rights.asked"), "warn"]] }),
    field({ label: say("app.note"), name: "recusal_note", tag: "textarea", rows: 2, value: value(inspection.fields, "rights-told", "recusal_note") ?? "" }))];
}

export async function statement({ inspection }) {
  const now = (member) => value(inspection.fields, "person-on-site", member) ?? "";
  return [head(say("app.step.statement"), back(inspection)),
    form(say("app.save"), async ({ legal_representative, name, position, telephone, text }) => {
      const person = Object.fromEntries(Object.entries({ legal_representative, name, position, telephone })
        .map(([member, told]) => [member, told.trim()]).filter(([, told]) => told));
      if (Object.keys(person).length) await engine.tell(inspection.id, { type: "PERSON_ON_SITE", ...person });
      await engine.tell(inspection.id, { type: "STATEMENT", text: text.trim() || say("app.statement.none") });
      go(inspection);
    },
    field({ label: say("app.statement.legal-representative"), hint: say("app.statement.legal-representative-hint"), name: "legal_representative",
      value: now("legal_representative"), maxLength: 200 }),
    field({ label: say("app.statement.person"), name: "name", value: now("name"), maxLength: 200 }),
    field({ label: say("app.statement.position"), name: "position", value: now("position"), maxLength: 200 }),
    field({ label: say("app.statement.telephone"), name: "telephone", type: "tel", value: now("telephone"), maxLength: 40 }),
    field({ label: say("app.statement.text"), hint: say("app.statement.hint"), name: "text", tag: "textarea", rows: 5, value: value(inspection.fields, "statement", "text") ?? "" }))];
}

export const OUTCOMES = ["PASS", "ADVISE", "ORDER_TO_CORRECT", "OPEN_CASE", "NO_PENALTY_FIRST_OFFENCE", "NO_PENALTY_MINOR"];

export async function outcome({ inspection }) {
  const { no_penalty } = await engine.reference();
  const now = (member) => value(inspection.fields, "outcome", member);
  const more = el("div", {});
  const ask = (chosen) => more.replaceChildren(...[
    chosen?.startsWith("NO_PENALTY") && field({ label: say("app.outcome.list-item"), name: "list_item", tag: "select", value: now("list_item"),
      options: no_penalty.filter((one) => chosen.endsWith(one.kind)).map((one) => [one.code, `${one.text}（${one.conditions}）`]) }),
    chosen === "ORDER_TO_CORRECT" && field({ label: say("app.outcome.correct-by"), name: "correct_by", type: "date", required: true, value: now("correct_by") ?? "" }),
  ].filter(Boolean));
  ask(now("outcome"));
  return [head(say("app.step.outcome"), back(inspection)),
    form(say("app.save"), async (said) => {
      if (!said.outcome) throw new Error(say("app.outcome.choose"));
      const { list_item, correct_by, note } = said;
      await engine.tell(inspection.id, { type: "OUTCOME", outcome: said.outcome, ...(list_item && { list_item }), ...(correct_by && { correct_by }), ...(note.trim() && { note }) });
      await engine.tell(inspection.id, { type: "CAP", counts: said.counts === "yes", reason: said.reason });
      go(inspection);
    },
    choice({ legend: say("app.step.outcome"), name: "outcome", chosen: now("outcome"), onchange: ask, options: OUTCOMES.map((one) => [one, say(`app.outcome.${one}`)]) }),
    more, field({ label: say("app.note"), name: "note", tag: "textarea", rows: 2, value: now("note") ?? "" }),
    choice({ legend: say("app.cap.question"), name: "counts", chosen: value(inspection.fields, "cap", "counts") === false ? "no" : "yes",
      options: [["yes", say("app.cap.counts")], ["no", say("app.cap.counts-not")]] }),
    field({ label: say("app.cap.reason"), name: "reason", required: true, value: value(inspection.fields, "cap", "reason") ?? say(`app.source.${inspection.source ?? "PLAN"}`) }))];
}
