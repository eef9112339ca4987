// Unified social credit code, GB 32100-2015: its check digit, and the code inside what a QR says.

const ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

export function valid(code) {
  if (!/^[0-9A-HJ-NPQRTUWXY]{18}$/.test(code)) return false;
  const sum = WEIGHTS.reduce((total, weight, at) => total + weight * ALPHABET.indexOf(code[at]), 0);
  return ALPHABET[(31 - (sum % 31)) % 31] === code[17];
}

/** The one code in a scanned text, or the text itself where there is none or more than one; in capitals. */
export function within(text) {
  const alone = text.replace(/\s/g, "").toUpperCase();
  if (valid(alone)) return alone;
  const words = text.match(/[0-9A-Za-z]+/g) ?? [];
  const found = new Set(words.map((word) => word.toUpperCase()).filter(valid));
  return found.size === 1 ? [...found][0] : text.trim().toUpperCase();
}

/** The enterprise that a QR names, as agency/identifiers.py reads it; null where it names none. */
export function scanned(text) {
  const found = within(text.replace(/(%[0-9a-f]{2})+/gi, (escaped) => {
    try {
      return decodeURIComponent(escaped);
    } catch {
      return escaped;
    }
  }));
  return valid(found) ? found : null;
}
