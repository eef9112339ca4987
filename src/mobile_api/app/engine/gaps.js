// What an inspection must have before it may close, and what of it is missing: the same as inspection/rules/guard.py.
// What only the server knows is never guessed: such a gap says `unknown`.

import { conflicts, keyOf, value } from "./merge.js";
import { Hash } from "./sha256.js";
import { scanned } from "./uscc.js";

const FEWEST_OFFICERS = 2;
const OF_THE_CHECK = ["scanned-in", "credential-shown:", "rights-told", "finding:", "reading:"];
const NEVER_WAIVED = ["ITEM_NOT_ALLOWED", "TOO_FEW_OFFICERS", "OFFICER_NOT_CREDENTIALED", "OUTCOME_MISSING", "CONFLICT"];
const NO_PENALTY = { NO_PENALTY_FIRST_OFFENCE: "FIRST_OFFENCE", NO_PENALTY_MINOR: "MINOR" };
const ON_A_PHONE = [undefined, "COMMITTED", "RECEIVING"];
const LOOKS = [approval, items, scanIn, officers, rights, findings, outcome, record, conflicting, evidence];

/**
 * In the order of a visit. `seen`: {inspection, operations, fields, credentials: {person: {person_kind, reasons}},
 * evidence: {id: state}, digests, points, not_allowed, no_penalty, urgent_approval (ms), now (ms)}, and of what is not
 * known here `unknown`: {credentials: [person], evidence: [id], points, items, urgent_approval, no_penalty: true}.
 */
export function gaps(seen) {
  const told = seen.operations.map((one) => ({ ...one, key: keyOf(one), earliest: Date.parse(one.earliest), latest: Date.parse(one.latest) }));
  const all = { unknown: {}, ...seen, operations: told };
  return LOOKS.flatMap((look) => [...look(all)]).map((gap) => ({
    details: {}, evidence_id: null, phone_id: null, person_id: null, unknown: false, ...gap,
    waived: !NEVER_WAIVED.includes(gap.code) && `waiver:${gap.key}` in seen.fields,
  }));
}

/** When it began, at the earliest; closing it and answering for what is missing are no part of the visit. */
export function began(operations) {
  const onSite = operations.filter(({ what }) => !["WAIVER", "CLOSED"].includes(what.type));
  return onSite.length ? Math.min(...onSite.map((one) => one.earliest)) : null;
}

export const joined = (fields) => Object.keys(fields).filter((key) => key.startsWith("joined:")).map((key) => key.slice(7));

const least = (instants) => Math.min(...instants);
const starts = (key, prefixes) => prefixes.some((prefix) => key.startsWith(prefix));
const only = (code, more) => ({ code, key: code, ...more });

function urgent({ fields, inspection }) {
  return (value(fields, "begun", "source") ?? inspection.source) === "URGENT";
}

function* approval(seen) {
  const { inspection, operations, urgent_approval, unknown, now } = seen;
  if (inspection.approved_at === null) {
    const begun = began(operations);
    if (urgent(seen) && begun !== null && unknown.urgent_approval) yield only("NOT_APPROVED", { unknown: true });
    else if (!urgent(seen) || begun === null || now > begun + urgent_approval) yield only("NOT_APPROVED");
    return;
  }
  const check = operations.filter((one) => starts(one.key, OF_THE_CHECK)).map((one) => one.latest);
  if (check.length && least(check) < Date.parse(inspection.approved_at) && !urgent(seen)) yield only("APPROVED_LATE");
}

function* items({ not_allowed, unknown }) {
  for (const item of not_allowed) yield { code: "ITEM_NOT_ALLOWED", key: `ITEM_NOT_ALLOWED:${item}`, details: { item }, unknown: Boolean(unknown.items) };
}

function* scanIn({ operations, fields, inspection }) {
  const scans = operations.filter((one) => one.key === "scanned-in");
  if (!scans.length) {
    yield only("SCAN_IN_MISSING");
    return;
  }
  const checks = operations.filter((one) => starts(one.key, ["finding:", "reading:"])).map((one) => one.latest);
  if (checks.length && least(checks) < least(scans.map((one) => one.earliest))) yield only("SCANNED_IN_LATE");
  const uscc = scanned(value(fields, "scanned-in", "code") ?? "");
  if (uscc && !["", uscc].includes(inspection.enterprise.uscc)) yield only("OTHER_ENTERPRISE_SCANNED", { details: { uscc } });
}

function officersAmong({ fields, credentials }) {
  return joined(fields).filter((person) => (credentials[person]?.person_kind ?? "OFFICER") === "OFFICER");
}

function* officers(seen) {
  const { fields, credentials, unknown } = seen;
  const people = officersAmong(seen);
  const notKnown = people.filter((person) => unknown.credentials?.includes(person));
  const counted = people.filter((person) => !notKnown.includes(person) && credentials[person]?.reasons.length === 0);
  for (const person_id of people.filter((person) => !counted.includes(person))) {
    yield { code: "OFFICER_NOT_CREDENTIALED", key: `OFFICER_NOT_CREDENTIALED:${person_id}`, person_id, unknown: notKnown.includes(person_id) };
  }
  if (counted.length < FEWEST_OFFICERS) {
    const details = { number: counted.length, fewest: FEWEST_OFFICERS };
    yield only("TOO_FEW_OFFICERS", { details, unknown: counted.length + notKnown.length >= FEWEST_OFFICERS });
  }
  for (const person_id of people) {
    if (!(`credential-shown:${person_id}` in fields)) yield { code: "CREDENTIAL_NOT_SHOWN", key: `CREDENTIAL_NOT_SHOWN:${person_id}`, person_id };
  }
}

function* rights({ fields }) {
  if (!("rights-told" in fields)) yield only("RIGHTS_NOT_TOLD");
}

function* findings({ points, fields, unknown }) {
  if (unknown.points) yield { code: "FINDING_MISSING", key: "FINDING_MISSING", details: { point: "?" }, unknown: true };
  for (const point of points) {
    if (!fields[`finding:${point}`]?.result?.length) yield { code: "FINDING_MISSING", key: `FINDING_MISSING:${point}`, details: { point } };
  }
}

function* outcome({ fields, no_penalty, unknown }) {
  const told = fields.outcome ?? {};
  if (!told.outcome) yield only("OUTCOME_MISSING");
  const said = value(fields, "outcome", "outcome");
  const entry = value(fields, "outcome", "list_item");
  if (said in NO_PENALTY && !told.list_item) yield only("NO_PENALTY_ITEM_MISSING");
  if (said in NO_PENALTY && entry && no_penalty !== NO_PENALTY[said]) {
    yield only("NO_PENALTY_ITEM_UNFIT", { details: { item: entry }, unknown: Boolean(unknown.no_penalty) });
  }
  if (said === "ORDER_TO_CORRECT" && !told.correct_by) yield only("CORRECT_BY_MISSING");
  if (!fields.cap?.counts || !fields.cap?.reason) yield only("CAP_MISSING");
}

function* record(seen) {
  const { operations, fields } = seen;
  const documents = operations.filter((one) => one.key === "document:ON_SITE_RECORD");
  const content = value(fields, "document:ON_SITE_RECORD", "content");
  if (content === undefined) {
    if (!documents.length) yield only("RECORD_MISSING"); // several that differ are a conflict
    return;
  }
  const hash = new Hash();
  hash.add(new TextEncoder().encode(content));
  const sha = hash.end();
  if (!isRecord(content, seen)) yield { code: "RECORD_UNFIT", key: `RECORD_UNFIT:${sha}` };
  const drawnUp = Math.max(...documents.map((one) => one.latest));
  const since = operations.filter((one) => one.earliest > drawnUp && starts(one.key, ["finding:", "reading:", "statement", "outcome"]));
  if (since.length) yield { code: "RECORD_OUTDATED", key: `RECORD_OUTDATED:${sha}`, details: { number: since.length } };
  for (const person_id of officersAmong(seen)) {
    if (!(`signature:${sha}:OFFICER:${person_id}` in fields)) {
      yield { code: "OFFICER_SIGNATURE_MISSING", key: `OFFICER_SIGNATURE_MISSING:${person_id}`, person_id };
    }
  }
  if (fields[`signature:${sha}:PARTY`]?.evidence_id) return; // by hand: without a drawing it is none
  const refusal = fields[`refusal:${sha}`];
  if (!refusal) yield only("PARTY_SIGNATURE_MISSING");
  else if (!refusal.witness_name) yield only("WITNESS_MISSING");
}

/** Of this inspection and its officers. How each member is spelled only the server checks: content.js spells them so. */
function isRecord(text, seen) {
  try {
    const { kind, inspection_id, officers: named } = JSON.parse(text);
    const people = officersAmong(seen);
    return kind === "ON_SITE_RECORD" && inspection_id === seen.inspection.id && named.length === people.length
      && people.every((person) => named.some((one) => one.person_id === person));
  } catch {
    return false;
  }
}

function* conflicting({ fields }) {
  for (const [key, member] of conflicts(fields)) {
    if (!key.startsWith("waiver:")) yield { code: "CONFLICT", key: `CONFLICT:${key}:${member}`, details: { key, member } };
  }
}

function* evidence(seen) {
  const listed = new Map(seen.operations.filter(({ what }) => what.type === "EVIDENCE").map((one) => [one.what.evidence_id, one]));
  for (const [evidence_id, one] of [...listed].sort(([id], [other]) => (id < other ? -1 : 1))) {
    const details = { shows: value(seen.fields, one.key, "shows") ?? "" };
    const notKnown = Boolean(seen.unknown.evidence?.includes(evidence_id));
    if (notKnown || ON_A_PHONE.includes(seen.evidence[evidence_id])) {
      yield { code: "EVIDENCE_NOT_RECEIVED", key: `EVIDENCE_NOT_RECEIVED:${evidence_id}`, details, evidence_id, phone_id: one.phone, unknown: notKnown };
    }
    if ((seen.digests[evidence_id] ?? one.what.sha256) !== one.what.sha256) {
      yield { code: "EVIDENCE_DIFFERS", key: `EVIDENCE_DIFFERS:${evidence_id}`, details, evidence_id };
    }
  }
}
