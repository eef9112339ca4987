// Captured bytes, apart from facts: in the origin's own file system, in IndexedDB where a browser has none to write to.

import { all, get, keysOf, write } from "./store.js";

const FOLDER = "evidence";
let opening;

/** The folder, or null where there is none: then IndexedDB keeps the bytes. */
function folder() {
  opening ??= (async () => {
    if (!("createWritable" in (globalThis.FileSystemFileHandle?.prototype ?? {}))) return null;
    try {
      return await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
    } catch {
      return null; // a private window, a browser told to keep nothing
    }
  })();
  return opening;
}

/** Streams the bytes to disk, and gives them back as they are there. Whole or not at all, wherever it is killed. */
export async function keep(id, blob) {
  const place = await folder();
  if (!place) {
    await write([["bytes", { evidence_id: id, blob }]]);
    return (await get("bytes", id)).blob;
  }
  const handle = await place.getFileHandle(id, { create: true });
  try {
    await blob.stream().pipeTo(await handle.createWritable()); // into a file aside, which takes its place when it is closed
    const kept = await handle.getFile();
    if (kept.size !== blob.size) throw new DOMException("", "QuotaExceededError");
    return kept;
  } catch (error) {
    await place.removeEntry(id).catch(() => {});
    throw error;
  }
}

/** As a file that is read where it is sliced; null where it is not here. */
export async function bytesOf(id) {
  const inDatabase = await get("bytes", id); // first: whole, while it is being moved
  if (inDatabase) return inDatabase.blob;
  const handle = await (await folder())?.getFileHandle(id).catch(() => null);
  return (await handle?.getFile()) ?? null;
}

export async function drop(ids) {
  const place = await folder();
  for (const id of ids) await place?.removeEntry(id).catch((error) => { if (error.name !== "NotFoundError") throw error; });
  await write([], ids.map((id) => ["bytes", id]));
}

/** Keeps the bytes that `work` writes from being taken for what a killed capture left. */
export function whileKeeping(work) {
  return navigator.locks.request("plumbline-bytes", { mode: "shared" }, work);
}

/** Removes what a killed capture left, and moves bytes of an earlier edition from IndexedDB into files, one at a time. */
export async function tidy() {
  const place = await folder();
  await navigator.locks.request("plumbline-bytes", { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    const known = new Set((await all("evidence")).filter((one) => !one.wiped).map((one) => one.evidence_id));
    const here = await keysOf("bytes");
    if (place) for await (const name of place.keys()) here.push(name);
    await drop(here.filter((id) => !known.has(id)));
  });
  if (!place) return;
  for (const id of await keysOf("bytes")) {
    await keep(id, (await get("bytes", id)).blob);
    await write([], [["bytes", id]]);
  }
}
