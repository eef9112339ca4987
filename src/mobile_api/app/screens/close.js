// What is missing, who answers for closing all the same, and closing.

import { engine } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { badge, button, el, field, head, notice, trouble } from "./dom.js";
import { kept } from "./draft.js";

export async function show({ inspection, again }) {
  const { id, fields } = inspection;
  const online = await engine.gaps(id).catch(() => null);
  const { gaps: told, day } = online ? { gaps: online } : await engine.ownGaps(id); // by the same rules
  const here = (await engine.queue()).filter((one) => one.inspection_id === id && one.state !== "safe");
  const asked = "closed" in fields;
  return [head(say("app.step.close"), `#/visit/${id}`),
    inspection.state === "CLOSED" ? notice("good", say("app.close.closed")) : asked ? notice("plain", say("app.close.asked")) : null,
    here.length ? notice("plain", say("app.close.here", { number: here.length }), " ", el("a", { href: "#/queue" }, say("app.queue.title"))) : null,
    online ? null : notice("warn", day ? say("app.close.own", { day }) : say("app.close.own-never")),
    el("ul", { className: "cards" }, told.map((gap) => row(id, gap, again))),
    told.length === 0 && notice("good", say("app.close.nothing-missing")),
    asked ? null : el("div", { className: "bottom" }, button(say("app.close.do"), async () => {
      await engine.tell(id, { type: "CLOSED" });
      await again();
    }, { tone: "main" }))];
}

const NEVER = ["ITEM_NOT_ALLOWED", "TOO_FEW_OFFICERS", "OFFICER_NOT_CREDENTIALED", "OUTCOME_MISSING", "CONFLICT"];

function row(id, gap, again) {
  const reason = field({ label: say("app.close.waive-reason"), name: gap.key });
  const section = el("li", { className: "card" }, gap.words, gap.phone_label && el("span", { className: "hint" }, say("app.close.on-phone", { phone: gap.phone_label })),
    gap.unknown ? null : gap.waived ? badge("warn", say("app.close.waived")) : NEVER.includes(gap.code) ? badge("bad", say("app.close.never"))
      : el("details", {}, el("summary", {}, say("app.close.waive")), reason, button(say("app.close.waive-do"), async () => {
        const said = reason.querySelector("input").value.trim();
        if (!said) return trouble(section, new Error(say("app.form.missing", { field: say("app.close.waive-reason") })));
        await engine.tell(id, { type: "WAIVER", gap: gap.key, reason: said });
        await draft.forget();
        await again();
      }, { tone: "warn" })));
  const draft = kept(section, `${location.hash} ${gap.key}`);
  return section;
}
