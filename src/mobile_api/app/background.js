// The service worker of browsers that have Background Sync: hands in as well while no page is open.

import "./service-worker.js";
import { WAKE, wake } from "./engine/sync.js";

for (const kind of ["sync", "periodicsync"]) {
  self.addEventListener(kind, (event) => {
    if (event.tag === WAKE) event.waitUntil(handIn());
  });
}

/** Whoever is first does it: a page that is open, or this. */
async function handIn() {
  for (const page of await self.clients.matchAll({ type: "window" })) page.postMessage(WAKE);
  await wake();
}
