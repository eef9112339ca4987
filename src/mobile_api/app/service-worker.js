// Keeps the app's own files for when there is no network. EDITION and FILES are filled in by the server.

const EDITION = "%EDITION%";
const FILES = ["%FILES%"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(EDITION).then((cache) => cache.addAll(FILES)));
  // It waits until no page of the edition before is open: a page never gets files of two.
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name !== EDITION).map((name) => caches.delete(name))));
  event.waitUntil(old.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin || !pathname.startsWith("/app")) return;
  const path = pathname === "/app" ? "/app/" : pathname;
  event.respondWith(caches.open(EDITION).then(async (cache) => (await cache.match(path)) ?? fetch(event.request)));
});
