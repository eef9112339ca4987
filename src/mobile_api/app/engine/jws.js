// JWS compact serialisation (RFC 7515) with WebCrypto: ES256 to sign, Ed25519 to check what the server signed.

const encoder = new TextEncoder();

export function base64url(bytes) {
  let text = "";
  const all = new Uint8Array(bytes);
  for (let at = 0; at < all.length; at += 8192) text += String.fromCharCode(...all.subarray(at, at + 8192));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function unbase64url(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

export const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export async function sign(payload, typ, kid, privateKey) {
  const header = base64url(encoder.encode(JSON.stringify({ alg: "ES256", kid, typ })));
  const signed = `${header}.${base64url(encoder.encode(JSON.stringify(payload)))}`;
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, encoder.encode(signed));
  return `${signed}.${base64url(signature)}`;
}

/** The payload of a JWS by one of the keys (JWK Set), null where it is not. Throws where Ed25519 is not known here. */
export async function checked(jws, typ, keys) {
  const [header, payload, signature] = jws.split(".");
  const signed = encoder.encode(`${header}.${payload}`);
  return (await holds(header, typ, signature, signed, keys)) ? told(payload) : null;
}

/** Whether a detached JWS (RFC 7797, b64 false) is over these bytes. */
export async function checkedDetached(jws, typ, bytes, keys) {
  const [header, , signature] = jws.split(".");
  const head = encoder.encode(`${header}.`);
  const signed = new Uint8Array(head.length + bytes.length);
  signed.set(head);
  signed.set(bytes, head.length);
  return holds(header, typ, signature, signed, keys);
}

/** What a part of a JWS says, null where it says nothing. */
function told(part) {
  try {
    return JSON.parse(new TextDecoder().decode(unbase64url(part)));
  } catch {
    return null;
  }
}

async function holds(header, typ, signature, signed, keys) {
  const said = told(header);
  const known = keys.find((one) => one.kid === said?.kid);
  if (!known || said.typ !== typ || !/^[\w-]{86}$/.test(signature)) return false;
  const { kty, crv, x } = known;
  const key = await crypto.subtle.importKey("jwk", { kty, crv, x }, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, key, unbase64url(signature), signed);
}
