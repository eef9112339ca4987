// Sentences people read, from the server's catalogues; kept for when there is no network.

import { speak } from "./api.js";
import { meta, setMeta } from "./store.js";

let catalogue = {};
export let language = "zh-CN";

export async function choose(chosen) {
  const answer = await fetch(`/app/words/${chosen}.json`);
  catalogue = await answer.json();
  language = chosen;
  speak(chosen);
  document.documentElement.lang = chosen;
  if ((await meta("language")) !== chosen) await setMeta("language", chosen);
}

export async function restore() {
  await choose(await meta("language", "zh-CN"));
}

/** The sentence under the key, its {placeholders} filled in; the key itself where it is missing. */
export function say(key, values = {}) {
  const sentence = catalogue[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

export const has = (key) => key in catalogue;
