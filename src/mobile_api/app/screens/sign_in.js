// Signing in, once with a network; and a second officer beside, with a PIN for their own key.

import { engine } from "../engine/engine.js";
import { language, say } from "../engine/words.js";
import { button, el, field, form, head } from "./dom.js";

export async function show({ me, again }) {
  const other = language === "zh-CN" ? ["en", "English"] : ["zh-CN", "中文"];
  return el("section", { className: "sign-in" },
    el("img", { src: "icon.svg", alt: "", className: "mark" }),
    el("h1", {}, say("app.name")), el("p", { className: "lead" }, say("app.sign-in.lead")),
    form(say("app.sign-in.do"), async ({ name, password }) => {
      await engine.signIn(name.trim(), password);
      location.hash = "#/";
    },
    field({ label: say("app.sign-in.name"), name: "name", autocomplete: "username", autocapitalize: "none", required: true, value: me?.name ? "" : "" }),
    field({ label: say("app.sign-in.password"), name: "password", type: "password", autocomplete: "current-password", required: true })),
    button(other[1], async () => { await engine.language(other[0]); again(); }, { tone: "quiet", lang: other[0] }));
}

export async function second() {
  return [head(say("app.second.title"), "#/settings"), el("p", {}, say("app.second.why")),
    form(say("app.second.do"), async ({ name, password, pin }) => {
      if (!/^\d{6,12}$/.test(pin)) throw new Error(say("app.second.pin-form"));
      await engine.signIn(name.trim(), password, { pin });
      location.hash = "#/settings";
    },
    field({ label: say("app.sign-in.name"), name: "name", autocapitalize: "none", required: true }),
    field({ label: say("app.sign-in.password"), name: "password", type: "password", required: true }),
    field({ label: say("app.second.pin"), hint: say("app.second.pin-hint"), name: "pin", type: "password", inputMode: "numeric", required: true }))];
}
