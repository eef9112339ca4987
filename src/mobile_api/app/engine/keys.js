// Keys that sign what officers do. The first person's private key can be used here and read nowhere; that of a second
// officer on the same phone is wrapped by their PIN, and unwrapped for one signature at a time.

const P256 = { name: "ECDSA", namedCurve: "P-256" };
const ROUNDS = 310_000; // PBKDF2 with SHA-256, OWASP's floor of 2023

export async function made() {
  const pair = await crypto.subtle.generateKey(P256, false, ["sign", "verify"]);
  return { privateKey: pair.privateKey, publicKey: await bare(pair.publicKey) };
}

export async function madeFor(pin) {
  const pair = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const wrapping = await fromPin(pin, salt);
  const wrapped = await crypto.subtle.wrapKey("pkcs8", pair.privateKey, wrapping, { name: "AES-GCM", iv });
  return { wrapped: { wrapped, salt, iv }, publicKey: await bare(pair.publicKey) };
}

/** The private key of somebody on this phone. Throws "pin" where theirs does not fit. */
export async function privateKeyOf(person, pin) {
  if (person.privateKey) return person.privateKey;
  const { wrapped, salt, iv } = person.wrapped;
  try {
    const wrapping = await fromPin(pin ?? "", salt);
    return await crypto.subtle.unwrapKey("pkcs8", wrapped, wrapping, { name: "AES-GCM", iv }, P256, false, ["sign"]);
  } catch {
    throw new Error("pin");
  }
}

async function fromPin(pin, salt) {
  const secret = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
  return crypto.subtle.deriveKey(how, secret, { name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey"]);
}

async function bare(publicKey) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  return { kty, crv, x, y };
}
