// May this device be used? Answered without a network from the signed list, in words.

import { call } from "./api.js";
import { checkedDetached } from "./jws.js";
import { get, setMeta, write } from "./store.js";
import { has, language, say } from "./words.js";

const TYPE = "plumbline-standings+jws";

export async function refresh(token, keys) {
  const kept = (await get("meta", "standings"))?.value;
  const headers = kept ? { "If-None-Match": kept.etag } : {};
  const answer = await call("GET", "/mobile/v1/standings", { token, headers, raw: true });
  const asked = Date.now();
  if (answer.status === 304) return setMeta("standings", { ...kept, asked });
  let signed = null; // null: this browser cannot check it
  try {
    signed = await checkedDetached(answer.headers.get("Plumbline-Signature"), TYPE, answer.body, keys);
  } catch (error) {
    if (error.name !== "NotSupportedError") throw error;
  }
  if (signed === false) return undefined; // somebody else's list is worth nothing
  const list = JSON.parse(new TextDecoder().decode(answer.body));
  return write([["meta", { name: "standings", value: { etag: answer.headers.get("ETag"), asked, signed, list } }]]);
}

const civilDay = (instant) => new Date(new Date(instant).getTime() + 8 * 3600_000).toISOString().slice(0, 10);

/** {known, light, kind, words, reasons, listAge, signed}: the light is red where it may not count, amber where nobody knows. */
export async function standing(said, now) {
  const tag = tagOf(said);
  const kept = (await get("meta", "standings"))?.value;
  const listAge = kept ? Date.now() - kept.asked : null;
  const at = kept ? kept.list.tag.indexOf(tag) : -1;
  if (at < 0) {
    const words = say(kept ? "app.device.unknown" : "app.device.no-list", { device: tag });
    return { tag, known: false, light: "amber", kind: "", words, reasons: ["DEVICE_UNKNOWN"], listAge, signed: kept?.signed };
  }
  const kind = kept.list.kinds[kept.list.kind[at]][language === "zh-CN" ? 0 : 1];
  const [begins, whys] = kept.list.stages[at].findLast(([since]) => since === null || Date.parse(since) <= now);
  const reasons = whys.map((why) => dated(why, begins));
  const device = `${kind} ${tag}`;
  const words = reasons.length
    ? say("app.device.not-in-standing", { device, why: reasons.map((why) => because(why, tag, kind, now)).join("") })
    : say("app.device.in-standing", { device });
  return {
    tag, known: true, light: reasons.length ? "red" : "green", kind, words, reasons: reasons.map((why) => why.reason),
    listAge, signed: kept.signed,
  };
}

/** An overdue verification of which the list gives no day was valid until the day before its stage begins. */
function dated(why, begins) {
  if (why.reason !== "VERIFICATION_OVERDUE" || why.valid_until || !begins) return why;
  return { ...why, valid_until: civilDay(Date.parse(begins) - 1) };
}

function because(why, tag, kind, now) {
  const key = `app.device.why.${why.reason}`;
  const days = why.valid_until ? Math.round((Date.parse(civilDay(now)) - Date.parse(why.valid_until)) / 86_400_000) : 0;
  const values = { tag, kind, days, ...why, valid_until: why.valid_until ?? "", occurred_at: why.occurred_at ? civilDay(why.occurred_at) : "" };
  return has(key) ? say(key, values) : say(`app.device.why.other`, { reason: why.reason });
}

/** The number on the device, or out of what its QR label says: as device_registry/scanning.py. */
export function tagOf(said) {
  const text = said.trim();
  if (text.toLowerCase().startsWith("plumbline:device:")) return decodeURIComponent(text.slice(17));
  const found = /^https?:\/\/[^?#]+\/d\/([^?#/]+)/i.exec(text);
  return found ? decodeURIComponent(found[1]) : text;
}
