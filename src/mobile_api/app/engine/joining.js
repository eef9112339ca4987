// How a second phone takes part without a network: a code to type, or to scan where somebody shows it as a picture.
// An inspection that a phone begins has an id made of a short code; of any other the code is the id itself.

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford's: no I, L, O, U
const SHORT = 10; // 50 bits: two units begin the same one never
const WHOLE = 26;

export function madeCode() {
  return checked([...crypto.getRandomValues(new Uint8Array(SHORT))].map((byte) => ALPHABET[byte % 32]).join(""));
}

/** Of an inspection that has no short one. */
export function codeOf(id) {
  let number = BigInt(`0x${id.replaceAll("-", "")}`);
  let code = "";
  for (let at = 0; at < WHOLE; at += 1, number /= 32n) code = ALPHABET[Number(number % 32n)] + code;
  return checked(code);
}

/** The id that a code stands for; null for what is none, or mistyped. */
export async function idOf(said) {
  const code = said.toUpperCase().replaceAll("O", "0").replaceAll(/[IL]/g, "1").replaceAll(/[^0-9A-Z]/g, "");
  const bare = code.slice(0, -1);
  if (![SHORT, WHOLE].includes(bare.length) || [...bare].some((one) => !ALPHABET.includes(one)) || checked(bare) !== code) return null;
  if (bare.length === WHOLE) {
    const number = [...bare].reduce((sum, one) => sum * 32n + BigInt(ALPHABET.indexOf(one)), 0n);
    return number >> 128n ? null : uuid(number.toString(16).padStart(32, "0"));
  }
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`plumbline-inspection ${bare}`))).slice(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80; // RFC 9562: version 8, made in a way of one's own
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return uuid([...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
}

/** In groups of four, to read out. */
export const spoken = (code) => code.match(/.{1,4}/g).join("-");

/** With a last character that finds one wrong and two exchanged. */
function checked(code) {
  const sum = [...code].reduce((total, one, at) => total + ALPHABET.indexOf(one) * (at + 1), 0);
  return code + ALPHABET[sum % 31];
}

const uuid = (hex) => hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
