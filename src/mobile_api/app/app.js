// Starts the engine and shows the screen that the address names.

import { engine } from "./engine/engine.js";
import { say } from "./engine/words.js";
import { el, inWords, notice } from "./screens/dom.js";
import * as capture from "./screens/capture.js";
import * as close from "./screens/close.js";
import * as conflict from "./screens/conflict.js";
import * as findings from "./screens/findings.js";
import * as home from "./screens/home.js";
import * as join from "./screens/join.js";
import * as notices from "./screens/notices.js";
import * as queue from "./screens/queue.js";
import * as reading from "./screens/reading.js";
import * as record from "./screens/record.js";
import * as scanDocument from "./screens/scan_document.js";
import * as settings from "./screens/settings.js";
import * as signIn from "./screens/sign_in.js";
import * as start from "./screens/start.js";
import * as steps from "./screens/steps.js";
import * as tasks from "./screens/tasks.js";
import * as visit from "./screens/visit.js";

const SCREENS = {
  "": home.show, tasks: tasks.show, start: start.show, join: join.show, queue: queue.show, settings: settings.show,
  "sign-in": signIn.show, second: signIn.second,
};
const IN_A_VISIT = {
  "": visit.show, scan: steps.scanIn, credentials: steps.credentials, rights: steps.rights, findings: findings.show,
  capture: capture.show, reading: reading.show, statement: steps.statement, outcome: steps.outcome, record: record.show, documents: notices.show, document: scanDocument.show,
  close: close.show, conflict: conflict.show,
};

const screen = document.getElementById("screen");
let current = "";
let typed = false;
screen.addEventListener("input", () => { typed = true; });
let stop = () => {};

export async function show() {
  const [name = "", id, step = ""] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const me = await engine.me();
  if (!me && name !== "sign-in") return location.replace("#/sign-in");
  const here = location.hash;
  const draw = async () => {
    const inspection = name === "visit" ? await engine.inspection(id) : null;
    const make = name === "visit" ? inspection && IN_A_VISIT[step] : SCREENS[name];
    const made = make ? await make({ me, inspection, again: draw }) : notFound();
    typed = false;
    if (location.hash === here) screen.replaceChildren(await bar(me), ...[made].flat(Infinity).filter(Boolean));
  };
  stop();
  await draw().catch((error) => screen.replaceChildren(notice("bad", inWords(error))));
  // What somebody is typing or signing is never drawn anew under their hand.
  const busy = () => typed || screen.querySelector("form, canvas, details[open]");
  const offs = ["change", "queue", "online"].map((what) => engine.on(what, () => (busy() ? refreshBar(me) : soon(() => busy() ? null : draw()))));
  stop = () => offs.forEach((off) => off());
  if (current !== here) {
    current = here;
    scrollTo(0, 0);
    screen.focus({ preventScroll: true });
  }
}

let drawing;
function soon(draw) {
  clearTimeout(drawing);
  drawing = setTimeout(() => Promise.resolve(draw()).catch(console.error), 120);
}

async function refreshBar(me) {
  screen.querySelector(".bar")?.replaceWith(await bar(me));
}

/** What is true of the whole phone, on every screen: network, what still waits. */
async function bar(me) {
  if (!me) return el("div", { className: "bar", hidden: true });
  const summary = await engine.summary();
  const left = summary.waiting + summary.sending + summary.received;
  const network = summary.trouble === "portal" ? "app.bar.portal" : summary.online ? "app.bar.online" : "app.bar.offline";
  return el("div", { className: `bar ${summary.online ? "online" : "offline"}` },
    el("span", { className: "network" }, say(network)),
    el("a", { href: "#/queue" }, summary.attention ? say("app.bar.attention", { number: summary.attention })
      : left ? say("app.bar.left", { number: left }) : say("app.bar.all-safe")));
}

function notFound() {
  return [el("h1", {}, say("app.not-found")), el("a", { className: "button main", href: "#/" }, say("app.home.title"))];
}

engine.on("trouble", (what) => screen.prepend(notice("bad", say(`app.trouble.${what}`))));
addEventListener("hashchange", show);
addEventListener("unhandledrejection", (event) => screen.prepend(notice("bad", inWords(event.reason))));
await engine.start();
await show();
document.documentElement.dataset.ready = "1";
if (navigator.serviceWorker) await keepForLater().catch(console.error);

/** The files for when there is no network; where the browser can, also a worker that hands in with no page open. */
async function keepForLater() {
  if ("SyncManager" in window) {
    try {
      return await navigator.serviceWorker.register("background.js", { type: "module" });
    } catch (error) {
      console.warn(error); // no modules in workers
    }
  }
  return navigator.serviceWorker.register("service-worker.js");
}
