// When something happened, as far as this phone can tell: a signed time of the server and the monotonic clock since.

import { call } from "./api.js";
import { meta, setMeta } from "./store.js";

const SESSION = crypto.randomUUID(); // the monotonic clock begins anew with each page
const FRESH_MS = 10 * 60_000;
let anchors = {}; // by phone id: each officer's key on this phone is a phone to the server, with an anchor of its own

export async function restore() {
  anchors = await meta("anchors", {});
}

/** Asks the server for the time unless it did so a while ago in this session. */
export async function refresh(token, phoneId) {
  const kept = anchors[phoneId];
  if (kept?.session === SESSION && performance.now() - kept.heard_ms < FRESH_MS) return;
  const asked_ms = performance.now();
  const { body } = await call("GET", `/mobile/v1/time?nonce=${crypto.randomUUID()}`, { token });
  const heard_ms = performance.now();
  anchors[phoneId] = {
    jws: body.anchor, session: SESSION, asked_ms, heard_ms, last_ms: heard_ms,
    ahead_ms: Date.now() - Date.parse(body.server_time) - (heard_ms - asked_ms) / 2,
  };
  await setMeta("anchors", anchors);
}

/** What goes into an operation or commitment signed by that key: the claim, and the readings it rests on. */
export async function moment(phoneId) {
  const anchor = anchors[phoneId];
  const now = new Date(Date.now() - (anchor?.ahead_ms ?? 0)).toISOString();
  const claim = { earliest: now, latest: now };
  if (!anchor) return claim;
  const restarted = anchor.session !== SESSION;
  if (!restarted) {
    anchor.last_ms = performance.now();
    await setMeta("anchors", anchors);
  }
  // A page's clock stands still while a phone sleeps; the server is told so.
  const { jws, asked_ms, heard_ms, last_ms } = anchor;
  return { ...claim, clock: { anchor: jws, asked_ms, heard_ms, captured_ms: last_ms, counts_sleep: false, restarted } };
}

/** Where the time comes from, for the screen: "server" in this session, "before-restart", "phone". */
export function source(phoneId) {
  const anchor = anchors[phoneId];
  return !anchor ? "phone" : anchor.session === SESSION ? "server" : "before-restart";
}
