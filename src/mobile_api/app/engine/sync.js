// Hands in and fetches, whenever there is a network: facts before bytes, one tab at a time, nothing twice.

import { NoNetwork, Refused, call, speak } from "./api.js";
import * as clock from "./clock.js";
import { sign } from "./jws.js";
import { offer } from "./offers.js";
import * as settings from "./settings.js";
import * as standings from "./standings.js";
import { all, get, keysOf, meta, setMeta, update, write } from "./store.js";
import { nameOf } from "./thumbnail.js";
import { rank, send, yields } from "./uploads.js";

const MOST_OPERATIONS = 50;
const MOST_CHARACTERS = 200_000; // half a minute on 64 kbit/s: well within the time an answer may take
const MOST_CHANGES = 10; // some 200 kB at most, half a minute on 64 kbit/s
const SELDOM_MS = 6 * 3600_000;
const LOOK_MS = 10_000; // in mid-upload: a supervisor may have asked for something else
const PAUSES = [2, 5, 15, 30, 60]; // seconds
export const WAKE = "plumbline-hand-in"; // tag of Background Sync
const REFERENCE_MS = 30 * 60_000;

export const status = { online: false, running: false, lastSync: null, trouble: null };
let failures = 0;
let timer = null;
let due = 0; // when the timer goes off, by performance.now()
let looked = 0;
let asked = false; // while a round is under way: it may have passed by what is new
let tell = () => {};
let alone = false; // in a worker with no page: nothing is begun by a timer

export function configure(hooks) {
  ({ tell } = hooks);
  addEventListener("online", () => { failures = 0; kick(); });
  addEventListener("pageshow", () => kick());
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? kick() : askToBeWoken()));
  navigator.serviceWorker?.addEventListener("message", () => kick());
}

/** Once the network is back, or now and then, even with no page open: where the browser does such things. */
function askToBeWoken() {
  if (alone || !("SyncManager" in globalThis)) return;
  navigator.serviceWorker?.getRegistration().then(async (registration) => {
    await registration?.sync?.register(WAKE);
    await registration?.periodicSync?.register(WAKE, { minInterval: SELDOM_MS });
  }).catch(() => {}); // not allowed: then when a page is opened
}

/** For a worker: one run. Throws where the browser should try again later. */
export async function wake() {
  alone = true;
  const others = new BroadcastChannel("plumbline");
  tell = (what) => others.postMessage(what);
  speak(await meta("language", "zh-CN"));
  await Promise.all([settings.restore(), clock.restore()]);
  Object.assign(status, { online: true, trouble: null });
  await run();
  if (!status.online || status.trouble) throw new Error(status.trouble ?? "no network");
}

/** Does what there is to do, soon; at once where nothing is under way. Who asked for it sooner is not put off. */
export function kick(seconds = 0) {
  const at = performance.now() + seconds * 1000;
  if (alone || (timer && due <= at)) return;
  clearTimeout(timer);
  due = at;
  timer = setTimeout(() => {
    timer = null;
    run().catch((error) => console.error(error));
  }, seconds * 1000);
}

async function run() {
  if (status.running) {
    asked = true;
    return;
  }
  await navigator.locks.request("plumbline-sync", { ifAvailable: true }, async (lock) => {
    if (!lock) return kick(5); // another tab does it
    status.running = true;
    asked = false;
    try {
      await round();
      failures = 0;
      Object.assign(status, { online: true, trouble: null, lastSync: Date.now() });
      kick(asked ? 0 : 60);
    } catch (error) {
      const away = error instanceof NoNetwork;
      status.online = !away && status.online;
      status.trouble = away ? (error.message === "portal" ? "portal" : null) : error.slug ?? error.message;
      if (away) askToBeWoken();
      kick(Math.max(error.retryAfter ?? 0, PAUSES[Math.min(failures++, PAUSES.length - 1)]));
      if (!away && !(error instanceof Refused)) throw error;
    } finally {
      status.running = false;
      tell("online");
    }
  });
}

async function round() {
  const main = await mainPerson();
  if (!main) return;
  for (const one of await all("evidence")) { // by a tab that was killed in the midst of it
    if (one.state === "sending") await update("evidence", one.evidence_id, (row) => ({ ...row, state: "waiting" }));
  }
  if (main.token && Date.parse(main.expires_at) > Date.now()) {
    try {
      return await handInAndFetch(main.token, main);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
    }
  }
  if (main.token) await update("people", main.person_id, (person) => ({ ...person, token: null }));
  tell("change");
  const token = await tokenToHandIn(main);
  await offered(token);
  await handInFacts(token, main.phone_id);
  await upload(token, main.phone_id, await serverKeys());
}

/** Facts first, whatever else may fail. */
async function handInAndFetch(token, main) {
  await offered(token);
  await handInFacts(token);
  const keys = await serverKeys();
  const refused = await fetched(token, keys, main);
  await upload(token, null, keys);
  if (refused) throw refused;
}

/** A server that cannot be asked yet, or is older, holds up nothing. */
async function offered(token) {
  await offer(token, tell).catch(notNow);
}

/** What the server would not tell holds up no evidence: the refusal, if there was one, is for afterwards. */
async function fetched(token, keys, main) {
  try {
    await clock.refresh(token, main.phone_id);
    for (const other of (await all("people")).filter((person) => !person.main && Date.parse(person.expires_at) > Date.now())) {
      await clock.refresh(other.token, other.phone_id).catch((error) => { if (error instanceof NoNetwork) throw error; });
    }
    await pull(token);
    await refreshReference(token, keys);
    return null;
  } catch (error) {
    if (!(error instanceof Refused) || error.status === 401) throw error;
    return error;
  }
}

export async function mainPerson() {
  return (await all("people")).find((person) => person.main);
}

async function serverKeys() {
  const { body } = await call("GET", "/.well-known/plumbline-receipt-keys.json");
  return body.keys;
}

/** Where the sign-in holds no more: a token for handing in alone, on proof of the key in this phone. */
async function tokenToHandIn(main) {
  const { body } = await call("GET", "/mobile/v1/hand-in");
  const proof = await sign({ challenge: body.challenge }, "plumbline-hand-in+jws", main.phone_id, main.privateKey);
  return (await call("POST", "/mobile/v1/hand-in", { json: { proof } })).body.token;
}

/**
 * What may go out. By a key alone, and once somebody has signed out in the midst of a round, only what the main
 * person's key signed: what a second officer told waits for a sign-in.
 */
async function waitingFacts(token, byKeyOf) {
  const main = await mainPerson();
  const only = byKeyOf ?? (main.token === token ? null : main.phone_id);
  return (await all("operations", "state", "waiting")).filter((one) => !only || one.phone === only);
}

/** What will be refused as often as it is sent. */
const hopeless = (error) => error instanceof Refused && [400, 413, 422].includes(error.status);

async function handInFacts(token, byKeyOf) {
  let most = MOST_OPERATIONS;
  for (;;) {
    const waiting = (await waitingFacts(token, byKeyOf)).sort((one, other) => one.made - other.made);
    const batch = [];
    for (const one of waiting) {
      const characters = batch.reduce((sum, each) => sum + each.jws.length, one.jws.length);
      if (batch.length === most || (batch.length && characters > MOST_CHARACTERS)) break;
      batch.push(one);
    }
    if (!batch.length) break;
    let results;
    try {
      const json = { operations: batch.map((one) => one.jws) };
      ({ body: { results } } = await call("POST", "/mobile/v1/operations", { token, json, packed: batch.length > 1 }));
    } catch (error) {
      if (!hopeless(error)) throw error;
      most = 1; // one that the server cannot take holds up no other
      if (batch.length > 1) continue;
      results = [{ result: "REFUSED", problem: error.problem }];
    }
    for (const [at, { result, problem }] of results.entries()) {
      const refused = result === "REFUSED" ? { state: "attention", why: problem.detail } : { state: "safe", why: null };
      await update("operations", batch[at].id, (row) => ({ ...row, ...refused }));
    }
    tell("queue");
  }
  for (const one of await all("evidence")) {
    if (one.committed || one.state === "attention") continue;
    try {
      const { body } = await call("POST", "/mobile/v1/commitments", { token, json: { jws: one.jws } });
      await update("evidence", one.evidence_id, (row) => ({ ...row, committed: body.receipt }));
    } catch (error) {
      if (!(error instanceof Refused) || error.status < 400 || error.status >= 500 || error.status === 401) throw error;
      await update("evidence", one.evidence_id, (row) => ({ ...row, state: "attention", why: error.problem.detail }));
    }
    tell("queue");
  }
}

async function pull(token) {
  looked = Date.now();
  for (let more = true; more; ) {
    const { body } = await call("GET", `/mobile/v1/changes?after=${await meta("cursor", "0")}&most=${MOST_CHANGES}`, { token });
    await write(
      [["meta", { name: "cursor", value: body.cursor }], ...body.inspections.map((one) => ["inspections", one])],
      body.gone.map((id) => ["inspections", id]),
    );
    await putFirst(body.inspections.flatMap((one) => one.wanted ?? []));
    more = body.more;
    if (body.inspections.length || body.gone.length) tell("change");
  }
}

/** What a supervisor asks for goes first, in the order asked, and after what was asked for before. */
async function putFirst(wanted) {
  const now = Date.now();
  for (const [at, id] of wanted.entries()) {
    await update("evidence", id, (row) => (row.wanted || row.state === "safe" ? null : { ...row, first: row.first || now + at, wanted: true }));
  }
}

async function refreshReference(token, keys) {
  const kept = (await get("meta", "reference"))?.value;
  if (!kept || Date.now() - kept.asked > REFERENCE_MS) {
    const headers = kept?.etag ? { "If-None-Match": kept.etag } : {};
    const answer = await call("GET", "/mobile/v1/reference", { token, headers });
    const told = answer.status === 304 ? kept.told : answer.body;
    await setMeta("reference", { told, etag: answer.headers.get("ETag"), asked: Date.now() });
  }
  await standings.refresh(token, keys);
}

/** A refusal of what is only asked by the way holds up nothing. */
function notNow(error) {
  if (!(error instanceof Refused) || error.status === 401) throw error;
}

/** One of these that has not been tried in this round; false where there is none. It holds up nothing, whatever the answer. */
async function sendThumbnail(waiting, tried, token) {
  const kept = new Set(await keysOf("meta"));
  const one = waiting.find(({ evidence_id }) => kept.has(nameOf(evidence_id)) && !tried.has(evidence_id));
  if (!one) return false;
  tried.add(one.evidence_id);
  const name = nameOf(one.evidence_id);
  try {
    await call("PUT", `/mobile/v1/evidence/${one.evidence_id}/thumbnail`, { token, body: await meta(name), headers: { "Content-Type": "image/jpeg" }, seconds: 30 });
  } catch (error) {
    if (error instanceof NoNetwork) { // a network that lets no PUT pass may let the pictures pass
      waiting.forEach((each) => tried.add(each.evidence_id));
      return false;
    }
    if (!(error instanceof Refused) || error.status === 401) throw error;
    if (error.status === 429 || error.status >= 500) return true; // in another round
  }
  await write([], [["meta", name]]);
  return true;
}

async function upload(token, byKeyOf, keys) {
  const full = !byKeyOf; // by a key alone nothing is read
  const tried = new Set();
  for (;;) {
    const waiting = (await all("evidence")).filter((one) => one.committed && !["safe", "attention"].includes(one.state)
      && one.why !== "receipt-unchecked");
    const [next] = waiting.sort((one, other) => rank(one) - rank(other));
    if (!next || !settings.mayUpload(next)) return;
    if (yields(next) && (await sendThumbnail(waiting, tried, token))) {
      await handInFacts(token, byKeyOf); // told meanwhile
      if (full && Date.now() - looked > LOOK_MS) await pull(token).catch(notNow);
      continue;
    }
    const mayGoOn = async () => {
      if (!settings.mayUpload(next)) return false;
      if (full && Date.now() - looked > LOOK_MS) await pull(token).catch(notNow);
      const facts = await waitingFacts(token, byKeyOf);
      const commitments = (await all("evidence")).some((one) => !one.committed && one.state !== "attention");
      const overtaken = (await all("evidence")).some((one) => one.first && one.committed && one.evidence_id !== next.evidence_id
        && !["safe", "attention"].includes(one.state) && !next.first);
      return !facts.length && !commitments && !overtaken;
    };
    try {
      if (!(await send(next, token, keys, mayGoOn, () => tell("queue")))) {
        await handInFacts(token, byKeyOf);
        if (full) await pull(token);
        if (!settings.mayUpload(next)) return;
      } else {
        await write([], [["meta", nameOf(next.evidence_id)]]); // the original is there, or waits for the officer
      }
    } catch (error) {
      if (!(error instanceof Refused) || error.status >= 500 || error.status === 401) throw error;
      await update("evidence", next.evidence_id, (row) => ({ ...row, state: "attention", why: error.problem.detail }));
    }
  }
}
