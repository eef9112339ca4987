// What a set of operations says, whatever order they came in: the same as inspection/rules/merging.py.

export function keyOf(operation) {
  const { what, author, id } = operation;
  switch (what.type) {
    case "JOINED": return `joined:${author}`;
    case "SCANNED_IN": return "scanned-in";
    case "CREDENTIAL_SHOWN": return `credential-shown:${author}`;
    case "RIGHTS_TOLD": return "rights-told";
    case "PERSON_ON_SITE": return "person-on-site";
    case "HELPER": return `helper:${what.name}`;
    case "FINDING": return `finding:${what.item}`;
    case "READING": return `reading:${id}`;
    case "EVIDENCE": return `evidence:${what.evidence_id}`;
    case "DOCUMENT": return `document:${what.kind}`;
    case "SIGNATURE": {
      const key = `signature:${what.document_sha256}:${what.signer}`;
      return what.signer === "OFFICER" ? `${key}:${author}` : key;
    }
    case "REFUSAL": return `refusal:${what.document_sha256}`;
    case "WAIVER": return `waiver:${what.gap}`;
    default: return what.type.toLowerCase();
  }
}

function members(operation) {
  const { type, ...told } = operation.what;
  return Object.keys(told).length ? told : { done: true };
}

/** Deep equality of JSON, whatever the order of members. */
export function same(one, other) {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => same(one[name], other[name]));
}

/** {key: {member: [{value, operation, author, at}]}}; several values are a conflict. */
export function merged(operations) {
  const known = new Map(operations.map((operation) => [operation.id, operation]));
  const told = new Map([...known].map(([id, operation]) => [id, members(operation)]));
  const replaced = new Map();
  for (const [id, operation] of known) {
    for (const earlier of operation.replaces ?? []) {
      if (earlier === id || !known.has(earlier) || keyOf(known.get(earlier)) !== keyOf(operation)) continue;
      const names = replaced.get(earlier) ?? new Set();
      Object.keys(told.get(id)).forEach((name) => names.add(name));
      replaced.set(earlier, names);
    }
  }
  const fields = {};
  for (const id of [...known.keys()].sort()) {
    const operation = known.get(id);
    for (const [member, value] of Object.entries(told.get(id))) {
      if (replaced.get(id)?.has(member)) continue;
      const standing = ((fields[keyOf(operation)] ??= {})[member] ??= []);
      if (standing.every((other) => !same(other.value, value))) {
        standing.push({ value, operation: id, author: operation.author, at: operation.latest });
      }
    }
  }
  return fields;
}

/** The one current value; undefined where there is none or where it is in conflict. */
export function value(fields, key, member) {
  const values = fields[key]?.[member] ?? [];
  return values.length === 1 ? values[0].value : undefined;
}

/** [[key, member]] with more than one current value. */
export function conflicts(fields) {
  return Object.entries(fields).flatMap(([key, told]) =>
    Object.keys(told).filter((member) => told[member].length > 1).map((member) => [key, member]));
}
