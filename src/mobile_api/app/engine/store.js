// What the phone keeps, in IndexedDB: facts and queue survive a killed tab and an empty battery. Bytes: bytes.js.

const STORES = { meta: "name", people: "person_id", inspections: "id", operations: "id", evidence: "evidence_id", bytes: "evidence_id" };
let opening;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("plumbline", 1);
    request.onupgradeneeded = () => {
      for (const [name, keyPath] of Object.entries(STORES)) request.result.createObjectStore(name, { keyPath });
      request.transaction.objectStore("operations").createIndex("inspection_id", "inspection_id");
      request.transaction.objectStore("operations").createIndex("state", "state");
      request.transaction.objectStore("evidence").createIndex("inspection_id", "inspection_id");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export async function get(name, key) {
  return done((await open()).transaction(name).objectStore(name).get(key));
}

export async function all(name, index, key) {
  const store = (await open()).transaction(name).objectStore(name);
  return done(index ? store.index(index).getAll(key) : store.getAll());
}

export async function keysOf(name) {
  return done((await open()).transaction(name).objectStore(name).getAllKeys());
}

/** Writes and deletes, all or nothing, and on disk when it resolves: [[store, value]], [[store, key]]. */
export async function write(puts, deletes = []) {
  const names = [...new Set([...puts, ...deletes].map(([name]) => name))];
  if (!names.length) return;
  const transaction = (await open()).transaction(names, "readwrite", { durability: "strict" });
  puts.forEach(([name, value]) => transaction.objectStore(name).put(value));
  deletes.forEach(([name, key]) => transaction.objectStore(name).delete(key));
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error ?? new DOMException("", "QuotaExceededError"));
    transaction.onerror = () => reject(transaction.error);
  });
}

/** Reads one row, changes it and writes it, with nobody in between; null from `change` leaves it. */
export async function update(name, key, change) {
  const transaction = (await open()).transaction(name, "readwrite", { durability: "strict" });
  const store = transaction.objectStore(name);
  const before = await done(store.get(key));
  const after = before === undefined ? null : change(before);
  if (after) store.put(after);
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
  return after ?? before;
}

export async function meta(name, fallback) {
  return (await get("meta", name))?.value ?? fallback;
}

export function setMeta(name, value) {
  return write([["meta", { name, value }]]);
}
