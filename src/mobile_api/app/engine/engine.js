// What the screens call. Everything is on disk before it resolves, and works without a network after the first sign-in.

import { call } from "./api.js";
import * as bytes from "./bytes.js";
import * as clock from "./clock.js";
import { sign } from "./jws.js";
import { began, gaps, joined } from "./gaps.js";
import * as joining from "./joining.js";
import * as keys from "./keys.js";
import { conflicts, keyOf, merged, same, value } from "./merge.js";
import * as settings from "./settings.js";
import * as standings from "./standings.js";
import { sha256 as sha256Of } from "./sha256.js";
import * as store from "./store.js";
import * as sync from "./sync.js";
import * as thumbnail from "./thumbnail.js";
import { sortOf } from "./uploads.js";
import * as words from "./words.js";

const SPARE_BYTES = 20 * 1024 * 1024;
const LOW_BYTES = 300 * 1024 * 1024; // a few minutes of video
const hearers = { change: new Set(), queue: new Set(), online: new Set(), trouble: new Set() };
const others = new BroadcastChannel("plumbline");

function tell(what, details) {
  hearers[what].forEach((hear) => hear(details));
  if (what !== "trouble") others.postMessage(what);
}

export const engine = {
  async start() {
    others.onmessage = ({ data }) => hearers[data]?.forEach((hear) => hear());
    await Promise.all([words.restore(), clock.restore()]);
    await settings.restore();
    navigator.storage?.persist?.();
    sync.configure({ tell });
    sync.kick();
    bytes.tidy().catch((error) => { if (error.name !== "QuotaExceededError") throw error; }); // they stay where they are
  },
  async me() {
    const main = await sync.mainPerson();
    return main ? { ...main.me, phone_id: main.phone_id, signedIn: Boolean(main.token), expires_at: main.expires_at } : null;
  },
  async people() {
    return (await store.all("people")).map(({ person_id, me, main, phone_id }) =>
      ({ person_id, name: me.name, main, phone_id, kind: me.kind, credential_no: me.credential_no ?? null, valid_until: me.credential_until ?? null }));
  },
  signIn,
  async signOut() {
    const main = await sync.mainPerson();
    if (main?.token) await call("DELETE", "/mobile/v1/sign-in", { token: main.token }).catch(() => {});
    if (main) await store.update("people", main.person_id, (person) => ({ ...person, token: null }));
    tell("change");
    return { left: (await engine.queue()).filter((one) => one.state !== "safe").length };
  },
  async inspections() {
    const [planned, operations, reference] = await Promise.all([store.all("inspections"), store.all("operations"), checklists()]);
    const ids = new Set([...planned.map((one) => one.id), ...operations.map((one) => one.inspection_id)]);
    return [...ids].map((id) => shown(id, planned.find((one) => one.id === id), operations.filter((one) => one.inspection_id === id), reference))
      .sort((one, other) => (one.due_on ?? "9999").localeCompare(other.due_on ?? "9999"));
  },
  async inspection(id) {
    const [planned, own, reference] = await Promise.all([store.get("inspections", id), store.all("operations", "inspection_id", id), checklists()]);
    return planned || own.length ? shown(id, planned, own, reference) : null;
  },
  async reference() {
    return (await store.meta("reference"))?.told ?? { items: [], checklists: [], colleagues: [], no_penalty: [] };
  },
  /** With the checklist of its items, to which it is held from then on. */
  async begin(what) {
    const code = joining.madeCode();
    const id = await joining.idOf(code);
    await store.setMeta(`code ${id}`, code);
    const checklist = await checklistOf(what.items);
    await engine.tell(id, { type: "BEGUN", ...(checklist && { checklist: checklist.code }), ...what });
    return id;
  },
  /** By which a colleague's phone takes part. */
  async code(id) {
    return joining.spoken((await store.meta(`code ${id}`)) ?? joining.codeOf(id));
  },
  /** The id, null for a mistyped code. Until the first phone's word has come, it is shown as it is described here. */
  async join(code, { enterprise_name, items }) {
    const id = await joining.idOf(code);
    if (!id) return null;
    if (!(await engine.inspection(id))) {
      const checklist = (items.length && (await checklistOf(items))?.code) || "";
      const enterprise = { uscc: "", name: enterprise_name, address: "" };
      await store.write([["inspections", { id, title: enterprise_name, enterprise, items, checklist, officers: [], operations: [] }]]);
    }
    await engine.tell(id, { type: "JOINED" });
    return id;
  },
  async tell(inspectionId, what, { as, pin } = {}) {
    // One after the other, in all tabs: the second has seen the first, and is no conflict with it.
    const row = await navigator.locks.request("plumbline-tell", async () => {
      const told = await operation(inspectionId, what, as, pin);
      await written([["operations", told]]);
      return told;
    });
    tell("change");
    sync.kick();
    return row.id;
  },
  capture,
  /** Throws "pin" where it does not fit: asked before anything is kept that they are to sign. */
  async unlocked({ as, pin }) {
    if (as) await keys.privateKeyOf((await store.all("people")).find((one) => one.person_id === as), pin);
  },
  async queue() {
    const [operations, evidence] = await Promise.all([store.all("operations"), store.all("evidence")]);
    return [
      ...operations.filter((one) => one.state !== "safe").map((one) => ({
        id: one.id, inspection_id: one.inspection_id, kind: "operation", label: one.what.type, state: one.state,
        sent: 0, size: one.jws.length, why: one.why, author: one.author,
      })),
      ...evidence.map((one) => ({
        id: one.evidence_id, inspection_id: one.inspection_id, kind: kindOf(one), label: one.shows || one.file_name || "",
        state: one.state, sent: one.sent ?? 0, size: one.size, why: one.why, outcome: one.outcome, committed: Boolean(one.committed),
        first: Boolean(one.first), wanted: Boolean(one.wanted), wiped: Boolean(one.wiped),
        holding: ["waiting", "sending"].includes(one.state) ? settings.holding(one) : null,
      })),
    ];
  },
  async summary() {
    const counts = { waiting: 0, sending: 0, received: 0, safe: 0, attention: 0 };
    for (const one of await engine.queue()) counts[one.state] += one.wiped ? 0 : 1;
    const main = await sync.mainPerson();
    const safeToWipe = counts.waiting + counts.sending + counts.received + counts.attention === 0;
    return { ...counts, safeToWipe, metered: settings.metered(), ...sync.status, timeSource: clock.source(main?.phone_id) };
  },
  async retry(id) {
    for (const name of ["evidence", "operations"]) {
      await store.update(name, id, (row) => (row.state === "safe" ? null : { ...row, state: "waiting", why: null }));
    }
    sync.kick();
  },
  async sendFirst(id) {
    await store.update("evidence", id, (row) => ({ ...row, first: Date.now() }));
    tell("queue");
    sync.kick();
  },
  async setting(name, chosen) {
    if (chosen !== undefined) {
      await settings.choose(name, chosen);
      sync.kick();
      tell("queue");
    }
    return settings.setting(name);
  },
  async language(chosen) {
    await words.choose(chosen);
    tell("change");
  },
  standing: (said) => standings.standing(said, Date.now()),
  async gaps(inspectionId) {
    const main = await sync.mainPerson();
    if (!main?.token) return null;
    return (await call("GET", `/mobile/v1/inspections/${inspectionId}/gaps`, { token: main.token, seconds: 10 })).body.gaps;
  },
  async documents(inspectionId) {
    const { token } = await sync.mainPerson();
    return (await call("GET", `/mobile/v1/inspections/${inspectionId}/documents`, { token, seconds: 20 })).body.documents;
  },
  async documentFile(documentId) {
    const { token } = await sync.mainPerson();
    const { body } = await call("GET", `/mobile/v1/inspection-documents/${documentId}`, { token, raw: true });
    return new Blob([body], { type: "application/pdf" });
  },
  /** The same reckoned here, without a network: {gaps, day}, `day` of the lists it rests on; `unknown` is for the server. */
  async ownGaps(inspectionId) {
    const [inspection, known, people, rows] = await Promise.all(
      [engine.inspection(inspectionId), engine.reference(), engine.people(), store.all("evidence")]);
    const colleagues = [...known.colleagues, ...people.map((one) => ({ ...one, id: one.person_id }))];
    const found = gaps(seenHere(inspection, known, colleagues, rows, (await engine.me())?.unit_id));
    const nameOf = (id) => colleagues.find((one) => one.id === id)?.name ?? "";
    return { day: known.day ?? null, gaps: found.map((gap) => {
      const said = words.say(`gap.${gap.code}`, { person: nameOf(gap.person_id), ...gap.details });
      return { ...gap, words: gap.unknown ? words.say("app.close.unknown", { words: said }) : said };
    }) };
  },
  /** Frees the bytes of what has a checked receipt 2, and of nothing else. The rows and receipts stay. */
  async wipe(ids) {
    const rows = (await store.all("evidence")).filter((one) => one.state === "safe" && (ids === "safe" || ids.includes(one.evidence_id)));
    const freed = rows.reduce((sum, one) => sum + (one.wiped ? 0 : one.size), 0);
    await store.write(rows.map((one) => ["evidence", { ...one, wiped: true }]));
    await bytes.drop(rows.map((one) => one.evidence_id));
    tell("queue");
    return freed;
  },
  draft: (name) => store.meta(`draft ${name}`, {}),
  /** What is typed and not told, by field; nothing of it stays where there is none. */
  keepDraft: (name, typed) =>
    Object.keys(typed).length ? store.setMeta(`draft ${name}`, typed) : store.write([], [["meta", `draft ${name}`]]),
  async picture(evidenceId) {
    const [row, kept] = await Promise.all([store.get("evidence", evidenceId), bytes.bytesOf(evidenceId)]);
    return kept?.slice(0, kept.size, row?.media_type);
  },
  /** What is left to capture into: {free: bytes or null where nobody knows, low, full, persisted}. */
  async room() {
    const [estimate, persisted] = await Promise.all([navigator.storage?.estimate?.(), navigator.storage?.persisted?.()]);
    const free = estimate?.quota ? estimate.quota - estimate.usage : null;
    return { free, low: free !== null && free < LOW_BYTES, full: free !== null && free < SPARE_BYTES, persisted: Boolean(persisted) };
  },
  sync: () => sync.kick(),
  on(what, hear) {
    hearers[what].add(hear);
    return () => hearers[what].delete(hear);
  },
};

/** Online. The first person of the phone is its main one; a second officer comes with a PIN for their own key. */
async function signIn(name, password, { pin } = {}) {
  const main = !pin;
  const signInName = name.trim().toLowerCase(); // as the server reads it
  const known = (await store.all("people")).map((person) => ({ ...person, signInName: person.signInName.toLowerCase() }));
  // A key that has signed what is still here stays the key: only the sign-in is new.
  const before = known.find((person) => person.signInName === signInName && person.main === main);
  const made = before ?? (main ? await keys.made() : await keys.madeFor(pin));
  if (before && pin) await keys.privateKeyOf(before, pin);
  const label = `${navigator.userAgentData?.platform || "Web"} ${new Date().toISOString().slice(0, 10)}`;
  const { body } = await call("POST", "/mobile/v1/sign-in", {
    json: { sign_in_name: name, password, phone: { label, public_key: made.publicKey } },
  });
  const { token, expires_at, phone_id, me } = body;
  if (known.some((person) => (person.person_id === me.person_id) !== (person.signInName === signInName && person.main === main)
    && (person.person_id === me.person_id || (main && person.main)))) {
    throw new Error("another-person"); // somebody else's queue is here, or the same person twice
  }
  const { privateKey, wrapped, publicKey } = made;
  const person = { person_id: me.person_id, signInName, me, main, phone_id, privateKey, wrapped, publicKey, token, expires_at };
  await store.write([["people", person]]);
  await clock.refresh(token, phone_id).catch(() => {}); // without it the phone's claim stands alone
  tell("change");
  sync.kick();
  return { ...me, phone_id };
}

/** A signed statement, not yet on disk. It names every operation about the same thing that this phone has seen. */
async function operation(inspectionId, what, as, pin) {
  const people = await store.all("people");
  const person = as ? people.find((one) => one.person_id === as) : people.find((one) => one.main);
  const privateKey = await keys.privateKeyOf(person, pin);
  const { earliest, latest, clock: readings } = await clock.moment(person.phone_id);
  const id = crypto.randomUUID();
  const told = { id, author: person.person_id, phone: person.phone_id, earliest, latest, what };
  const { operations } = (await engine.inspection(inspectionId)) ?? { operations: [] };
  const replaces = operations.filter((other) => keyOf(other) === keyOf(told)).map((other) => other.id);
  const payload = { id, inspection_id: inspectionId, replaces, earliest, latest, ...(readings && { clock: readings }), what };
  const jws = await sign(payload, "plumbline-operation+jws", person.phone_id, privateKey);
  return { ...told, inspection_id: inspectionId, replaces, jws, state: "waiting", made: Date.now() };
}

async function capture(inspectionId, blob, { mediaType, deviceTag, shows, item, fileName, place, kind } = {}) {
  const { free } = await engine.room();
  if (free !== null && free < blob.size + SPARE_BYTES) return full();
  return bytes.whileKeeping(() => captured(inspectionId, blob, { mediaType, deviceTag, shows, item, fileName, place, kind }));
}

/** The digest is of what is on the disk, which is what will be sent. */
async function captured(inspectionId, blob, { mediaType, deviceTag, shows, item, fileName, place, kind }) {
  const main = await sync.mainPerson();
  const { earliest, latest, clock: readings } = await clock.moment(main.phone_id);
  const evidence_id = crypto.randomUUID();
  const kept = await orFull(bytes.keep(evidence_id, blob));
  const facts = {
    evidence_id, sha256: await sha256Of(kept), size: kept.size, media_type: mediaType ?? blob.type,
    captured_earliest: earliest, captured_latest: latest,
    ...(deviceTag && { device_tag: deviceTag }), ...(place && { place }), ...(fileName && { file_name: fileName.slice(0, 255) }),
    ...(readings && { clock: readings }), ...(inspectionId && { inspection_id: inspectionId }),
  };
  const jws = await sign(facts, "plumbline-commitment+jws", main.phone_id, main.privateKey);
  const { sha256, size, media_type } = facts;
  const row = { evidence_id, inspection_id: inspectionId, jws, sha256, size, media_type, shows, kind, file_name: fileName, state: "waiting", sent: 0, made: Date.now() };
  const puts = [["evidence", row]];
  if (inspectionId) {
    const what = { type: "EVIDENCE", evidence_id, sha256, size, media_type, ...(shows && { shows }), ...(item && { item }), ...(kind && { kind }) };
    puts.push(["operations", await operation(inspectionId, what)]);
  }
  await written(puts);
  tell("change");
  tell("queue");
  if (["image", "video"].includes(sortOf(row))) await keepThumbnail(evidence_id, kept.slice(0, size, media_type));
  sync.kick();
  return { evidence_id, sha256 };
}

/** Once the original is safe on the disk: where there is no room for it, or none can be made, there is none. */
async function keepThumbnail(id, picture) {
  const made = await thumbnail.made(picture);
  if (made) await store.setMeta(thumbnail.nameOf(id), made).catch(() => {});
}

const written = (puts) => orFull(store.write(puts));

async function orFull(writing) {
  try {
    return await writing;
  } catch (error) {
    if (error.name === "QuotaExceededError") full();
    throw error;
  }
}

function full() {
  tell("trouble", "storage-full");
  throw new DOMException("storage-full", "QuotaExceededError");
}

async function checklistOf(items) {
  const all = await checklists();
  return items ? all.find((one) => one.item_codes?.some((code) => items.includes(code))) : all[0];
}

async function checklists() {
  return (await engine.reference()).checklists;
}

function shown(id, planned, own, reference) {
  const known = new Map((planned?.operations ?? []).map((one) => [one.id, one]));
  own.forEach((one) => known.has(one.id) || known.set(one.id, one));
  const operations = [...known.values()];
  const fields = merged(operations);
  const begun = (member) => value(fields, "begun", member);
  const items = planned?.items ?? begun("items") ?? [];
  const held_to = planned?.checklist || begun("checklist") || "";
  const checklist = reference.find((one) => one.code === held_to) ?? { code: "", title: "", items: [] };
  const state = planned?.state === "CLOSED" ? "CLOSED" : operations.length ? "UNDER_WAY" : "PLANNED";
  return {
    id, local: !planned, title: planned?.title || begun("enterprise_name") || "", source: planned?.source ?? begun("source"),
    state, closing: "closed" in fields, due_on: planned?.due_on ?? null, items, checklist, held_to, officers: planned?.officers ?? [],
    enterprise: planned?.enterprise ?? { uscc: begun("uscc") ?? "", name: begun("enterprise_name") ?? "", address: begun("enterprise_address") ?? "" },
    fields, conflicts: conflicts(fields), operations, approved_at: planned?.approved_at ?? null, approval_no: planned?.approval_no ?? null, unit_id: planned?.unit_id,
  };
}

/** What bears on what is missing, as far as this phone knows it; see gaps.js. */
function seenHere(inspection, known, colleagues, rows, unitId) {
  const { fields, operations } = inspection;
  const begun = began(operations.map((one) => ({ ...one, earliest: Date.parse(one.earliest) })));
  const day = civilDay(begun ?? Date.now());
  const ours = new Map(rows.map((one) => [one.evidence_id, one]));
  const elsewhere = inspection.unit_id !== undefined && inspection.unit_id !== unitId;
  const credentials = {};
  for (const id of joined(fields)) {
    const person = colleagues.find((one) => one.id === id);
    const valid = person?.credential_no && (!person.valid_until || day <= person.valid_until);
    if (person) credentials[id] = { person_kind: person.kind, reasons: valid ? [] : ["CREDENTIAL_MISSING"] };
  }
  const entry = value(fields, "outcome", "list_item");
  const listed = operations.filter(({ what }) => what.type === "EVIDENCE").map(({ what }) => what.evidence_id);
  return {
    inspection, operations: [...operations].sort((one, other) => (one.id < other.id ? -1 : 1)), fields, credentials,
    evidence: Object.fromEntries([...ours].map(([id, one]) => [id, ["safe", "received"].includes(one.state) ? "RECEIVED" : "COMMITTED"])),
    digests: Object.fromEntries([...ours].map(([id, one]) => [id, one.sha256])),
    points: inspection.checklist.items.map((one) => one.code),
    not_allowed: inspection.items.filter((code) => !known.items.some((one) => one.code === code)),
    no_penalty: known.no_penalty.find((one) => one.code === entry)?.kind ?? null,
    urgent_approval: 0, now: Date.now(),
    unknown: {
      credentials: joined(fields).filter((id) => !(id in credentials)), evidence: listed.filter((id) => !ours.has(id)),
      points: Boolean(inspection.held_to) && !inspection.checklist.code, items: elsewhere || known.day !== day, no_penalty: known.day !== day,
      urgent_approval: true,
    },
  };
}

const civilDay = (instant) => new Date(instant + 8 * 3600_000).toISOString().slice(0, 10); // in Beijing

function kindOf(row) {
  return { image: "photo", video: "video", audio: "audio" }[sortOf(row)] ?? "document";
}

export { conflicts, keyOf, merged, same, value };
