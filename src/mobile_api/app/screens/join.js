// A second officer's own phone takes part in what a colleague has begun, with or without a network.

import { engine } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { el, field, form, head } from "./dom.js";
import { scanner } from "./scan.js";

export async function show() {
  const { items } = await engine.reference();
  const code = field({ label: say("app.join.code"), hint: say("app.join.code-hint"), name: "code", required: true, autocapitalize: "characters", autocomplete: "off", maxLength: 60 });
  return [head(say("app.join.title"), "#/"), el("p", {}, say("app.join.why")),
    form(say("app.join.do"), async ({ code: said, enterprise_name }) => {
      const chosen = [...document.querySelectorAll("input[name=item]:checked")].map((one) => one.value);
      const id = await engine.join(said, { enterprise_name: enterprise_name.trim(), items: chosen });
      if (!id) throw new Error(say("app.join.wrong"));
      location.hash = `#/visit/${id}`;
    },
    code, scanner(code.querySelector("input")),
    field({ label: say("app.join.name"), hint: say("app.join.name-hint"), name: "enterprise_name", maxLength: 200 }),
    items.length > 0 && el("fieldset", { className: "choice" }, el("legend", {}, say("app.start.items")),
      items.map((item) => el("label", { className: "option" }, el("input", { type: "checkbox", name: "item", value: item.code }), el("span", {}, item.name)))))];
}

/** What the first phone shows. */
export async function shown(id) {
  const code = await engine.code(id);
  return el("details", {}, el("summary", {}, say("app.join.show")), el("p", {}, say("app.join.read-out")),
    el("p", { className: "join-code", "aria-label": say("app.join.code") }, code));
}
