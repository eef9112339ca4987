// The content of the on-site record, as docs/api/inspection-record.md defines it.

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

export async function contentOf(inspection, me, reference) {
  const { fields, operations, enterprise, checklist } = inspection;
  const now = (key, member) => value(fields, key, member) ?? null;
  const of = (type) => operations.filter((one) => one.what.type === type);
  const [scan] = of("SCANNED_IN");
  const [rights] = of("RIGHTS_TOLD");
  const joined = Object.keys(fields).filter((key) => key.startsWith("joined:")).map((key) => key.slice(7));
  const readings = await Promise.all(of("READING").map(async ({ what, latest }) => ({
    device_tag: what.device_tag, device_kind: (await engine.standing(what.device_tag)).kind || null, certificate_no: null,
    standing: what.standing_words ?? "", at: second(latest), quantity: what.quantity, value: what.value, unit: what.unit,
  })));
  return {
    kind: "ON_SITE_RECORD", schema: 1, inspection_id: inspection.id,
    entity: { name: me.unit_name ?? "", basis: "" }, approval_no: null, task: inspection.title || null, source: inspection.source ?? "PLAN",
    items: inspection.items.map((code) => ({ code, name: reference.items.find((one) => one.code === code)?.name ?? code })),
    officers: joined.map((id) => {
      const known = reference.colleagues.find((one) => one.id === id);
      const shown = operations.find((one) => one.what.type === "CREDENTIAL_SHOWN" && one.author === id);
      return { person_id: id, name: known?.name ?? id, credential_no: known?.credential_no ?? shown?.what.credential_no ?? "—",
        valid_until: known?.valid_until ?? null, credential_shown_at: shown ? second(shown.latest) : null };
    }),
    helpers: [],
    party: { name: enterprise.name, uscc: enterprise.uscc, address: enterprise.address, legal_representative: null,
      person_on_site: now("person-on-site", "name"), position: now("person-on-site", "position"), telephone: now("person-on-site", "telephone") },
    place: enterprise.address || enterprise.name, begun_at: second(operations.map((one) => one.earliest).sort()[0]), ended_at: second(new Date()),
    scan_in: scan ? { at: second(scan.latest), manner: scan.what.manner ?? "TYPED", longitude: decimal(scan.what.place?.longitude, 6),
      latitude: decimal(scan.what.place?.latitude, 6), accuracy_metres: decimal(scan.what.place?.accuracy_metres, 0) } : null,
    rights: rights ? { told_at: second(rights.latest), recusal: now("rights-told", "recusal") ?? "NOT_ASKED", note: now("rights-told", "recusal_note") } : null,
    findings: checklist.items.map(({ code, text }) => ({ item: code, text, result: now(`finding:${code}`, "result"), note: now(`finding:${code}`, "note") || null })),
    readings,
    evidence: of("EVIDENCE").map(({ what }) => ({ evidence_id: what.evidence_id, shows: what.shows ?? null, media_type: what.media_type, size: what.size, sha256: what.sha256 })),
    statement: now("statement", "text"), read_and_confirmed: say("app.record.read-and-confirmed"),
    outcome: { outcome: now("outcome", "outcome"), list_item: now("outcome", "list_item"), correct_by: now("outcome", "correct_by"), note: now("outcome", "note") },
    operations: operations.map((one) => one.id).sort(),
  };
}
