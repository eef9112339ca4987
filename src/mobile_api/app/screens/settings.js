// Who is on this phone, language, storage, signing out.

import { engine } from "../engine/engine.js";
import { language, say } from "../engine/words.js";
import { badge, button, choice, el, head, notice, size } from "./dom.js";

export async function show({ again }) {
  const [people, estimate] = await Promise.all([engine.people(), navigator.storage?.estimate?.()]);
  const said = el("div", {});
  return [head(say("app.settings.title"), "#/"), said,
    el("section", {}, el("h2", {}, say("app.settings.people")), el("ul", { className: "cards" }, people.map((one) =>
      el("li", { className: "card row" }, el("span", { className: "grow" }, one.name), badge("plain", say(one.main ? "app.settings.main" : "app.settings.second"))))),
    el("a", { className: "button second", href: "#/second" }, say("app.second.title"))),
    choice({ legend: say("app.settings.language"), name: "language", chosen: language, onchange: async (chosen) => { await engine.language(chosen); await again(); },
      options: [["zh-CN", "中文"], ["en", "English"]] }),
    estimate && el("p", { className: "hint" }, say("app.settings.storage", { used: size(estimate.usage), quota: size(estimate.quota) })),
    el("div", { className: "bottom" }, button(say("app.settings.sign-out"), async () => {
      const { left } = await engine.signOut();
      said.replaceChildren(notice(left ? "warn" : "good", left ? say("app.settings.left", { number: left }) : say("app.settings.signed-out")),
        el("a", { className: "button main", href: "#/sign-in" }, say("app.sign-in.do")));
    }, { tone: "warn" }))];
}
