// The other documents of a visit: an order to correct, signed as the record is; that nothing is fined; what was issued.

import { engine, value } from "../engine/engine.js";
import { beginning, canonical, digest } from "./content.js";
import { say } from "../engine/words.js";
import { button, el, field, form, head, notice, size, trouble } from "./dom.js";
import { signatures } from "./record.js";

const KINDS = { ORDER_TO_CORRECT: "ORDER_TO_CORRECT", NO_PENALTY_FIRST_OFFENCE: "NO_PENALTY_NOTICE", NO_PENALTY_MINOR: "NO_PENALTY_NOTICE" };
const WRITTEN = { ORDER_TO_CORRECT: ["facts", "violated", "required"], NO_PENALTY_NOTICE: ["facts", "violated", "education"] };
const today = () => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);

/** Which document the outcome asks for; undefined for none. */
export const due = (fields) => KINDS[value(fields, "outcome", "outcome")];

export async function show({ inspection, again }) {
  const { id, fields } = inspection;
  const kind = due(fields);
  const content = kind && value(fields, `document:${kind}`, "content");
  return [head(say("app.step.documents"), `#/visit/${id}`),
    !kind && notice("plain", say("app.notices.none-due")),
    kind && !content && drawUp(inspection, kind, again),
    content && await drawnUp(inspection, content, again),
    issued(id)];
}

function drawUp(inspection, kind, again, before = {}) {
  const failed = inspection.checklist.items.filter(({ code }) => value(inspection.fields, `finding:${code}`, "result") === "DOES_NOT_CONFORM");
  const note = (code) => value(inspection.fields, `finding:${code}`, "note");
  const first = {
    facts: failed.map(({ code, text }) => `${text}：不符合。${note(code) ?? ""}`).join("\n"),
    violated: [...new Set(failed.map((one) => one.basis))].join("；"), required: "", education: "", ...before,
  };
  return [el("h2", {}, say(`app.notices.${kind}`)), form(say("app.notices.draw-up"), async (said) => {
    const told = Object.fromEntries(WRITTEN[kind].map((name) => [name, said[name].trim()]));
    await engine.tell(inspection.id, { type: "DOCUMENT", kind, content: canonical(await contentOf(inspection, kind, told)) });
    return again;
  }, WRITTEN[kind].map((name) => field({ label: say(`app.notices.${name}`), name, tag: "textarea", rows: 4, required: true, maxLength: 10_000, value: first[name] })))];
}

async function contentOf(inspection, kind, told) {
  const now = (member) => value(inspection.fields, "outcome", member) ?? "";
  const { no_penalty } = await engine.reference();
  const entry = no_penalty.find((one) => one.code === now("list_item"));
  const more = kind === "ORDER_TO_CORRECT" ? { correct_by: now("correct_by") }
    : { reason: now("outcome"), list_item: entry ? `${entry.code} ${entry.text}` : now("list_item") };
  return { ...(await beginning(inspection, kind)), ...told, ...more, dated: today() };
}

async function drawnUp(inspection, text, again) {
  const content = JSON.parse(text);
  const sha = await digest(text);
  const line = (name, words) => words && el("p", {}, el("b", {}, `${say(`app.notices.${name}`)} `), words);
  const paper = el("article", { className: "paper", "aria-label": say(`app.notices.${content.kind}`) }, el("h2", {}, say(`app.notices.${content.kind}`)),
    el("p", {}, `${content.party.name} ${content.party.uscc}`), WRITTEN[content.kind].map((name) => line(name, content[name])),
    line("correct_by", content.correct_by), line("list_item", content.list_item), el("p", {}, `${content.entity.name} ${content.dated}`));
  return [paper, el("p", { className: "hint digest" }, `SHA-256 ${sha}`),
    content.kind === "ORDER_TO_CORRECT" ? await signatures(inspection, sha, again) : notice("plain", say("app.notices.no-signature")),
    el("details", {}, el("summary", {}, say("app.notices.again")), notice("warn", say("app.record.again-voids")), drawUp(inspection, content.kind, again, content))];
}

/** What has become paper at the server, by its number; known with a network alone. */
function issued(id) {
  const list = el("section", { "aria-live": "polite" }, el("h2", {}, say("app.notices.issued")), el("p", { className: "hint" }, say("app.notices.looking")));
  const show = (...children) => list.replaceChildren(el("h2", {}, say("app.notices.issued")), ...children);
  engine.documents(id).then((documents) => show(documents.length ? el("ul", { className: "cards" }, documents.map((one) => row(one, list)))
    : el("p", { className: "hint" }, say("app.notices.none-issued"))), () => show(el("p", { className: "hint" }, say("app.notices.offline"))));
  return list;
}

function row(one, list) {
  return el("li", { className: "card" }, el("strong", {}, one.kind_words), el("span", { className: "hint" }, `${one.number} · ${size(one.size)}`),
    button(say("app.notices.open"), async () => {
      try {
        const address = URL.createObjectURL(await engine.documentFile(one.id));
        el("a", { href: address, download: `${one.number}.pdf` }).click();
        setTimeout(() => URL.revokeObjectURL(address), 60_000);
      } catch (error) {
        trouble(list, error);
      }
    }, { tone: "second", "aria-label": `${say("app.notices.open")} ${one.number}` }));
}
