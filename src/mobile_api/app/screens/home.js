// A few large tiles with counts.

import { engine } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { el, notice } from "./dom.js";

export async function show({ me }) {
  const [inspections, summary] = await Promise.all([engine.inspections(), engine.summary()]);
  const count = (state) => inspections.filter((one) => one.state === state).length;
  const tile = (href, name, number, tone = "") => el("a", { className: `tile ${tone}`, href },
    el("span", { className: "number" }, number === null ? "＋" : String(number)), el("span", {}, say(`app.home.${name}`)));
  const left = summary.waiting + summary.sending + summary.received;
  return [
    el("header", { className: "head" }, el("div", {}, el("h1", {}, say("app.home.title")), el("p", { className: "hint" }, `${me.name} · ${me.unit_name ?? ""}`)),
      el("a", { className: "gear", href: "#/settings" }, say("app.settings.title"))),
    !me.signedIn && notice("warn", say("app.home.signed-out"), " ", el("a", { href: "#/sign-in" }, say("app.sign-in.do"))),
    summary.safeToWipe ? notice("good", say("app.queue.all-safe")) : null,
    el("nav", { className: "tiles", "aria-label": say("app.home.title") },
      tile("#/tasks/PLANNED", "tasks", count("PLANNED"), "strong"),
      tile("#/tasks/UNDER_WAY", "under-way", count("UNDER_WAY"), "strong"),
      tile("#/queue", "left", left, left ? "warn" : ""),
      tile("#/queue", "safe", summary.safe, "good"),
      tile("#/queue", "attention", summary.attention, summary.attention ? "bad" : ""),
      tile("#/tasks/CLOSED", "closed", count("CLOSED"))),
    el("div", { className: "bottom" }, el("a", { className: "button main", href: "#/start" }, say("app.home.start")),
      el("a", { className: "button second", href: "#/join" }, say("app.join.title"))),
  ];
}
