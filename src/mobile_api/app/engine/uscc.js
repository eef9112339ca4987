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

/** The supervision code that a scanned text says: of an address its value `code`, or the last part of its path. As agency/identifiers.py. */
export function codeIn(text) {
  const said = text.trim();
  if (!/^https?:\/\//i.test(said)) return said;
  try {
    const address = new URL(said);
    const code = [...address.searchParams].find(([name, value]) => name.toLowerCase() === "code" && value)?.[1];
    return code ?? (decodeURIComponent(address.pathname.replace(/\/+$/, "").split("/").pop()) || said);
  } catch {
    return said;
  }
}
