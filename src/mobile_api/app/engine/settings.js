// How this phone sends: chosen by whoever holds it, and by what the network costs.

import { meta, setMeta } from "./store.js";

let settings = { metered: "pause" };

export async function restore() {
  settings = { ...settings, ...(await meta("settings")) };
}

export const setting = (name) => settings[name];

export async function choose(name, chosen) {
  settings = { ...settings, [name]: chosen };
  await setMeta("settings", settings);
}

/** Whether the network is known to cost money by the byte; null where the browser does not tell. */
export function metered() {
  const connection = navigator.connection;
  if (!connection) return null;
  return Boolean(connection.saveData || connection.type === "cellular");
}

/** Why bytes wait although there is a network: "held" by hand, "metered", or null. Facts always go. */
export function holding(one) {
  if (settings.metered === "hold") return "held";
  return !one.first && settings.metered === "pause" && metered() ? "metered" : null;
}

export const mayUpload = (one) => holding(one) === null;
