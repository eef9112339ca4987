// The content of the on-site record, as docs/api/inspection-record.md defines it. In Chinese, whatever the phone speaks.

import { engine, value } from "../engine/engine.js";
import { say } from "../engine/words.js";

export const canonical = (told) =>
  Array.isArray(told) ? `[${told.map(canonical)}]`
    : told && typeof told === "object"
      ? `{${Object.keys(told).sort().map((key) => `${JSON.stringify(key)}:${canonical(told[key])}`)}}`
      : JSON.stringify(told);

export async function digest(text) {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const second = (instant) => `${new Date(instant).toISOString().slice(0, 19)}Z`;
const decimal = (number, digits) => (number === undefined || number === null ? null : Number(number).toFixed(digits));
const of = ({ operations }, type) => operations.filter((one) => one.what.type === type)
  .sort((one, other) => one.latest.localeCompare(other.latest) || one.id.localeCompare(other.id));

/** Everybody of the visit as this phone knows them: officers, and those who help. */
export async function team(inspection) {
  const [{ colleagues }, here] = await Promise.all([engine.reference(), engine.people()]);
  const { fields } = inspection;
  const joined = Object.keys(fields).filter((key) => key.startsWith("joined:")).map((key) => key.slice(7)).map((id) => {
    const [known, own] = [colleagues.find((one) => one.id === id), here.find((one) => one.person_id === id)];
    const shown = of(inspection, "CREDENTIAL_SHOWN").find((one) => one.author === id);
    return {
      person_id: id, kind: known?.kind ?? own?.kind ?? "OFFICER", name: known?.name_zh ?? own?.name ?? known?.name ?? id,
      credential_no: known?.credential_no ?? own?.credential_no ?? shown?.what.credential_no ?? null,
      valid_until: known?.valid_until ?? own?.valid_until ?? null, credential_shown_at: shown ? second(shown.latest) : null,
    };
  });
  const told = Object.keys(fields).filter((key) => key.startsWith("helper:") && value(fields, key, "present") !== false)
    .map((key) => ({ name: key.slice(7), role: value(fields, key, "role") ?? "协助检查" }));
  const auxiliaries = joined.filter((one) => one.kind === "AUXILIARY" && told.every(({ name }) => name !== one.name));
  return {
    officers: joined.filter((one) => one.kind !== "AUXILIARY"),
    helpers: [...told, ...auxiliaries.map(({ name }) => ({ name, role: "执法辅助" }))],
  };
}

/** What every document of the inspection begins with. */
export async function beginning(inspection, kind) {
  const [reference, me, { officers }] = await Promise.all([engine.reference(), engine.me(), team(inspection)]);
  const { fields, enterprise, checklist } = inspection;
  const now = (member) => value(fields, "person-on-site", member) || null;
  const items = inspection.items.map((code) => reference.items.find((one) => one.code === code) ?? { code });
  const basis = items.some((one) => one.legal_basis) ? items.map((one) => one.legal_basis) : checklist.items.map((one) => one.basis);
  return {
    kind, schema: 1, inspection_id: inspection.id,
    entity: { name: reference.unit_name_zh ?? me.unit_name ?? "", basis: [...new Set(basis.filter(Boolean))].join("；") },
    approval_no: inspection.approval_no || null, task: inspection.title || null, source: inspection.source ?? "PLAN",
    items: items.map((one) => ({ code: one.code, name: one.name_zh ?? one.name ?? one.code })),
    officers: officers.map(({ kind: _, credential_no, ...one }) => ({ ...one, credential_no: credential_no ?? "—" })),
    party: { name: enterprise.name, uscc: enterprise.uscc, address: enterprise.address, legal_representative: now("legal_representative"),
      person_on_site: now("name"), position: now("position"), telephone: now("telephone") },
    operations: inspection.operations.map((one) => one.id).sort(),
  };
}

/** What an outcome before this one told of a day or an entry does not stick to this one. */
function outcomeOf(fields) {
  const now = (member) => value(fields, "outcome", member) ?? null;
  const outcome = now("outcome");
  return { outcome, list_item: outcome?.startsWith("NO_PENALTY") ? now("list_item") : null,
    correct_by: outcome === "ORDER_TO_CORRECT" ? now("correct_by") : null, note: now("note") };
}

export async function contentOf(inspection) {
  const { fields, operations, enterprise, checklist } = inspection;
  const [reference, { helpers }, first] = await Promise.all([engine.reference(), team(inspection), beginning(inspection, "ON_SITE_RECORD")]);
  const now = (key, member) => value(fields, key, member) ?? null;
  const scan = operations.find((one) => one.id === fields["scanned-in"]?.code?.[0].operation); // the code that holds
  const [rights] = of(inspection, "RIGHTS_TOLD");
  const readings = await Promise.all(of(inspection, "READING").map(async ({ what, latest }) => ({
    device_tag: what.device_tag, device_kind: (await engine.standing(what.device_tag)).kind || null, certificate_no: what.certificate_no || null,
    standing: what.standing_words ?? "", at: second(latest), quantity: what.quantity, value: what.value, unit: what.unit,
  })));
  return {
    ...first, helpers,
    place: enterprise.address || enterprise.name, begun_at: second(operations.map((one) => one.earliest).sort()[0]), ended_at: second(new Date()),
    scan_in: scan ? { at: second(scan.latest), manner: scan.what.manner ?? "TYPED", longitude: decimal(scan.what.place?.longitude, 6),
      latitude: decimal(scan.what.place?.latitude, 6), accuracy_metres: decimal(scan.what.place?.accuracy_metres, 0) } : null,
    rights: rights ? { told_at: second(rights.latest), recusal: now("rights-told", "recusal") ?? "NOT_ASKED", note: now("rights-told", "recusal_note") } : null,
    findings: checklist.items.map(({ code, text }) => ({ item: code, text, result: now(`finding:${code}`, "result"), note: now(`finding:${code}`, "note") || null })),
    readings,
    evidence: of(inspection, "EVIDENCE").filter(({ what }) => what.kind !== "SIGNATURE")
      .map(({ what }) => ({ evidence_id: what.evidence_id, shows: what.shows ?? null, media_type: what.media_type, size: what.size, sha256: what.sha256 })),
    statement: now("statement", "text"), read_and_confirmed: reference.read_and_confirmed ?? say("app.record.read-and-confirmed"),
    outcome: outcomeOf(fields),
  };
}
