// The on-site record: drawn up from all that was told, read to the party, signed by everybody under its digest.

import { engine, value } from "../engine/engine.js";
import { canonical, contentOf, digest, team } from "./content.js";
import { say } from "../engine/words.js";
import { badge, button, el, field, head, notice, time, trouble } from "./dom.js";
import { kept } from "./draft.js";
import { pad } from "./pad.js";

export async function show({ inspection, again }) {
  const { id, fields } = inspection;
  const content = value(fields, "document:ON_SITE_RECORD", "content");
  const draw = button(say(content ? "app.record.again" : "app.record.draw-up"), async () => {
    const made = canonical(await contentOf(inspection));
    await engine.tell(id, { type: "DOCUMENT", kind: "ON_SITE_RECORD", content: made });
    await again();
  }, { tone: content ? "second" : "main" });
  if (!content) {
    // Without these two no document can be made of what would be signed.
    const early = !value(fields, "outcome", "outcome") || (await team(inspection)).officers.length < 2;
    return [head(say("app.step.record"), `#/visit/${id}`), el("p", {}, say("app.record.why")),
      early ? notice("warn", say("app.record.too-early")) : el("div", { className: "bottom" }, draw)];
  }
  const sha = await digest(content);
  const signed = Object.keys(fields).some((key) => key.startsWith(`signature:${sha}:`) || key === `refusal:${sha}`);
  return [head(say("app.step.record"), `#/visit/${id}`), reading(JSON.parse(content)), el("p", { className: "hint digest" }, `SHA-256 ${sha}`), signed && notice("warn", say("app.record.again-voids")), draw,
    await signatures(inspection, sha, again)];
}

/** Under the text of that digest: each officer of the visit on this phone, and the party. */
export async function signatures(inspection, sha, again) {
  return [...(await officers(inspection, sha, again)), party(inspection, sha, again)];
}

/** The text as it is read out. */
function reading(content) {
  const line = (name, words) => words && el("p", {}, el("b", {}, `${name} `), words);
  return el("article", { className: "paper", "aria-label": say("app.record.title") }, el("h2", {}, say("app.record.title")),
    line(say("app.record.basis"), content.entity.basis), line(say("app.record.approval"), content.approval_no),
    line(say("app.record.party"), `${content.party.name} ${content.party.uscc}`), line(say("app.statement.legal-representative"), content.party.legal_representative),
    line(say("app.record.on-site"), [content.party.person_on_site, content.party.position, content.party.telephone].filter(Boolean).join("，")),
    line(say("app.record.place"), content.place),
    line(say("app.record.time"), `${time(content.begun_at)} – ${time(content.ended_at)}`),
    line(say("app.record.officers"), content.officers.map((one) => `${one.name}（${one.credential_no}）`).join("、")),
    line(say("app.helpers.title"), content.helpers.map((one) => `${one.name}（${one.role}）`).join("、")),
    line(say("app.record.rights"), content.rights && say(content.rights.recusal === "ASKED" ? "app.rights.asked" : "app.rights.not-asked")),
    el("ol", {}, content.findings.map((one) => el("li", {}, `${one.item} ${one.text}：${one.result ? say(`app.finding.${one.result}`) : say("app.step.open")}${one.note ? ` ${one.note}` : ""}`))),
    content.readings.map((one) => line(say("app.step.reading"), `${one.device_tag} ${one.quantity} ${one.value} ${one.unit}。${one.standing}${one.certificate_no ? say("app.record.certificate", { number: one.certificate_no }) : ""}`)),
    line(say("app.record.evidence"), say("app.record.evidence-number", { number: content.evidence.length })),
    line(say("app.step.statement"), content.statement), line(say("app.step.outcome"), say(`app.outcome.${content.outcome.outcome}`)),
    el("p", { className: "confirm" }, content.read_and_confirmed));
}

/** What somebody drew, kept as evidence; it says under which text it stands. */
async function drawnBy(id, drawn, sha, shows) {
  if (drawn.empty()) throw new Error(say("app.pad.empty"));
  const { evidence_id } = await engine.capture(id, await drawn.png(), {
    mediaType: "image/png", kind: "SIGNATURE", shows: say("app.record.drawn", { who: shows, sha: sha.slice(0, 8) }), fileName: "signature.png",
  });
  drawn.done();
  return evidence_id;
}

async function officers({ id, fields }, sha, again) {
  const people = await engine.people();
  return people.filter((one) => `joined:${one.person_id}` in fields).map((person) => {
    if (`signature:${sha}:OFFICER:${person.person_id}` in fields) return el("p", { className: "row" }, person.name, badge("good", say("app.record.signed")));
    const pin = person.main ? null : field({ label: say("app.second.pin"), name: `sign-${person.person_id}`, type: "password", inputMode: "numeric" });
    const drawn = pad(say("app.record.officer-signs", { name: person.name }), `${sha}:${person.person_id}`);
    const section = el("section", { className: "card" }, el("h2", {}, person.name), drawn.element, pin, button(say("app.record.sign-as", { name: person.name }), async () => {
      try {
        const who = person.main ? {} : { as: person.person_id, pin: pin.querySelector("input").value };
        if (drawn.empty()) throw new Error(say("app.pad.empty"));
        await engine.unlocked(who);
        const evidence_id = await drawnBy(id, drawn, sha, person.name);
        await engine.tell(id, { type: "SIGNATURE", document_sha256: sha, signer: "OFFICER", name: person.name, evidence_id }, who);
        await again();
      } catch (error) {
        trouble(section, error);
      }
    }, { tone: "main" }));
    return section;
  });
}

function party({ id, fields }, sha, again) {
  if (`signature:${sha}:PARTY` in fields) return el("p", { className: "row" }, say("app.record.party"), badge("good", say("app.record.signed")));
  if (`refusal:${sha}` in fields) {
    const now = (member) => value(fields, `refusal:${sha}`, member) ?? "";
    return notice("warn", say("app.record.refused", { reason: now("reason") }), " ", say("app.record.witnessed", { name: now("witness_name"), contact: now("witness_contact") }));
  }
  const name = field({ label: say("app.record.party-name"), name: "party", value: value(fields, "person-on-site", "name") ?? "" });
  const drawn = pad(say("app.record.party-signs"), `${sha}:party`);
  const said = (one) => one.querySelector("input, textarea").value.trim();
  const section = el("section", { className: "card" }, el("h2", {}, say("app.record.party")), name, drawn.element,
    button(say("app.record.party-do"), async () => {
      try {
        const evidence_id = await drawnBy(id, drawn, sha, said(name) || say("app.record.party"));
        await engine.tell(id, { type: "SIGNATURE", document_sha256: sha, signer: "PARTY", evidence_id, ...(said(name) && { name: said(name) }) });
        await again();
      } catch (error) {
        trouble(section, error);
      }
    }, { tone: "main" }), refusal({ id }, sha, again, said));
  return section;
}

/** The party will not sign: why, and a witness who signs in its place, by name and where to be found. */
function refusal({ id }, sha, again, said) {
  const reason = field({ label: say("app.refusal.reason"), name: "reason", tag: "textarea", rows: 2, maxLength: 4000 });
  const witness = field({ label: say("app.refusal.witness"), name: "witness", maxLength: 200 });
  const contact = field({ label: say("app.refusal.contact"), name: "contact", type: "tel", maxLength: 100 });
  const drawn = pad(say("app.refusal.witness-signs"), `${sha}:witness`);
  const section = el("details", {}, el("summary", {}, say("app.refusal.title")), reason, witness, contact, drawn.element, button(say("app.refusal.do"), async () => {
    try {
      if (![reason, witness, contact].every(said)) throw new Error(say("app.refusal.needs"));
      // The witness first: once the refusal is known, the record may become paper.
      const evidence_id = await drawnBy(id, drawn, sha, said(witness));
      await engine.tell(id, { type: "SIGNATURE", document_sha256: sha, signer: "WITNESS", name: said(witness), evidence_id });
      await draft.forget();
      await engine.tell(id, { type: "REFUSAL", document_sha256: sha, reason: said(reason), witness_name: said(witness), witness_contact: said(contact) });
      await again();
    } catch (error) {
      trouble(section, error);
    }
  }, { tone: "warn" }));
  const draft = kept(section);
  return section;
}
