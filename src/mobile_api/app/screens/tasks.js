// The inspections of this officer in one state.

import { engine } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { badge, el, head } from "./dom.js";

export async function show() {
  const state = location.hash.split("/")[2] ?? "PLANNED";
  const found = (await engine.inspections()).filter((one) => one.state === state);
  return [head(say(`app.state.${state}`), "#/"),
    found.length ? el("ul", { className: "cards" }, found.map(card)) : el("p", { className: "empty" }, say("app.tasks.none"))];
}

function card(one) {
  return el("li", {}, el("a", { className: "card", href: `#/visit/${one.id}` },
    el("strong", {}, one.enterprise.name || say("app.tasks.unnamed")), el("span", {}, one.title),
    el("span", { className: "hint" }, one.enterprise.address),
    el("span", { className: "row" }, badge("plain", say(`app.source.${one.source ?? "PLAN"}`)),
      one.due_on && badge("plain", say("app.tasks.due", { day: one.due_on })),
      one.conflicts.length > 0 && badge("bad", say("app.conflict.title")))));
}
