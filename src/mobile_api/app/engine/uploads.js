// Bytes go up by tus 1.0 in small parts, resumed at the byte the server has, and are let go on receipt 2 alone.

import { NoNetwork, Refused, call } from "./api.js";
import { bytesOf } from "./bytes.js";
import { checked } from "./jws.js";
import { update } from "./store.js";

export const PART_BYTES = 256 * 1024;
const TUS = { "Tus-Resumable": "1.0.0" };
const ORDER = ["document", "image", "audio", "video"];

/** What it goes as. A photograph of a paper, or a drawn signature, is a document. */
export function sortOf(one) {
  const sort = one.media_type.split("/")[0];
  return ["DOCUMENT", "SIGNATURE"].includes(one.kind) || !ORDER.includes(sort) ? "document" : sort;
}

/** Least bytes first: documents, then pictures, sound, video; what somebody asks for before all. */
export function rank(one) {
  if (one.first) return Number(one.first) - 2 ** 50; // instants: first asked, first sent
  return ORDER.indexOf(sortOf(one)) * 2 ** 40 + one.size;
}

/** Thumbnails go before it. */
export const yields = (one) => !one.first && sortOf(one) !== "document";

/**
 * Sends one piece of evidence; `mayGoOn` is asked before each part, `told` hears of each change.
 * Resolves to true when receipt 2 has been checked, false when something else goes first.
 */
export async function send(one, token, keys, mayGoOn, told) {
  const id = one.evidence_id;
  const note = async (changes) => { await update("evidence", id, (row) => ({ ...row, ...changes })); told(); };
  const bytes = await bytesOf(id);
  if (bytes?.size !== one.size) {
    await note({ state: "attention", why: "bytes-missing" });
    return true;
  }
  let { offset, receipt } = await begin(one, token);
  try {
    while (offset < one.size) {
      await note({ state: "sending", sent: offset, why: null });
      if (!(await mayGoOn())) return false;
      ({ offset, receipt } = await part(id, bytes.slice(offset, offset + PART_BYTES), offset, token));
    }
  } finally {
    if (offset < one.size) await note({ state: "waiting", sent: offset }); // it waits again, whatever stopped it
  }
  await note({ state: "received", sent: one.size });
  receipt ??= await submitted(id, token);
  await note(await judged(one, receipt, keys));
  return true;
}

async function begin(one, token) {
  const metadata = `evidence_id ${btoa(one.evidence_id)}`;
  const headers = { ...TUS, "Upload-Length": String(one.size), "Upload-Metadata": metadata };
  const answer = await call("POST", "/mobile/v1/uploads", { token, headers });
  return progress(answer);
}

async function part(id, blob, offset, token) {
  const path = `/mobile/v1/uploads/${id}`;
  const headers = { ...TUS, "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
  try {
    return progress(await call("PATCH", path, { token, headers, body: blob, seconds: 120 }));
  } catch (error) {
    const behind = error instanceof Refused && error.status === 409;
    if (!(error instanceof NoNetwork) && !behind) throw error;
    return progress(await call("HEAD", path, { token, headers: TUS })); // how much of the part has come
  }
}

function progress(answer) {
  return { offset: Number(answer.headers.get("Upload-Offset")), receipt: answer.headers.get("Plumbline-Receipt") };
}

/** Receipt 2; evidence that may not count is kept as well, and its answer carries the receipt, too. */
async function submitted(id, token) {
  try {
    return (await call("POST", `/mobile/v1/evidence/${id}/submission`, { token })).body.receipt;
  } catch (error) {
    if (error instanceof Refused && error.problem.receipt) return error.problem.receipt;
    throw error;
  }
}

/** What becomes of evidence with this receipt: safe only where it is a receipt 2 for these very bytes. */
export async function judged(one, receipt, keys) {
  let said;
  try {
    said = await checked(receipt, "plumbline-receipt+jws", keys);
  } catch (error) {
    if (error.name !== "NotSupportedError") throw error;
    return { state: "received", receipt, why: "receipt-unchecked" }; // this browser cannot; the copy stays
  }
  const fits = said && said.receipt === "SAFE_TO_WIPE" && said.evidence_id === one.evidence_id
    && said.sha256 === one.sha256 && said.size === one.size;
  return fits ? { state: "safe", receipt, outcome: said.outcome, why: null } : { state: "attention", why: "receipt-wrong" };
}
