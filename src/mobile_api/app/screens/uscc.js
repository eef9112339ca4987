// Unified social credit code, GB 32100-2015: its check digit, and the code inside what a QR says.

const ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

export function valid(code) {
  if (!/^[0-9A-HJ-NPQRTUWXY]{18}$/.test(code)) return false;
  const sum = WEIGHTS.reduce((total, weight, at) => total + weight * ALPHABET.indexOf(code[at]), 0);
  return ALPHABET[(31 - (sum % 31)) % 31] === code[17];
}

/** The code in a scanned text, or the text itself, upper case. */
export function within(text) {
  const plain = text.trim().toUpperCase();
  return (plain.match(/[0-9A-HJ-NPQRTUWXY]{18}/g) ?? []).find(valid) ?? plain;
}
