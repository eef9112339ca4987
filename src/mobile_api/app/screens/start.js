// Begins an inspection that nobody planned.

import { engine } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { choice, el, field, form, head, notice } from "./dom.js";
import { scanner } from "./scan.js";
import { valid, within } from "../engine/uscc.js";

export async function show() {
  const { items } = await engine.reference();
  const uscc = field({ label: say("app.start.uscc"), hint: say("app.start.uscc-hint"), name: "uscc", autocapitalize: "characters", maxLength: 1000 });
  const input = uscc.querySelector("input");
  return [head(say("app.home.start"), "#/"), notice("plain", say("app.start.tasks-first"), " ", el("a", { href: "#/tasks/PLANNED" }, say("app.home.tasks"))),
    form(say("app.start.do"), async (said) => {
      const code = within(said.uscc ?? "");
      if (code && !valid(code)) throw new Error(say("app.start.uscc-wrong"));
      if (said.source === "URGENT" && !said.reason.trim()) throw new Error(say("app.form.missing", { field: say("app.start.reason") }));
      const chosen = [...document.querySelectorAll("input[name=item]:checked")].map((one) => one.value);
      const id = await engine.begin({
        source: said.source, enterprise_name: said.enterprise_name.trim(), ...(code && { uscc: code }),
        ...(said.enterprise_address.trim() && { enterprise_address: said.enterprise_address.trim() }),
        ...(chosen.length && { items: chosen }), ...(said.source === "URGENT" && { urgent_reason: said.reason }),
      });
      location.hash = `#/visit/${id}`;
    },
    choice({ legend: say("app.start.source"), name: "source", chosen: "COMPLAINT",
      options: ["COMPLAINT", "TRANSFER", "URGENT"].map((source) => [source, say(`app.source.${source}`)]) }),
    uscc, scanner(input),
    field({ label: say("app.start.name"), name: "enterprise_name", required: true, maxLength: 200 }),
    field({ label: say("app.start.address"), name: "enterprise_address", maxLength: 200 }),
    items.length > 0 && el("fieldset", { className: "choice" }, el("legend", {}, say("app.start.items")),
      items.map((item) => el("label", { className: "option" }, el("input", { type: "checkbox", name: "item", value: item.code }), el("span", {}, item.name)))),
    field({ label: say("app.start.reason"), name: "reason", tag: "textarea", rows: 2 }))];
}
