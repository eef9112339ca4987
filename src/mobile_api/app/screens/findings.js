// The checklist: three large buttons a point, a note, a photograph.

import { engine } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { button, el, field, head } from "./dom.js";
import { kept } from "./draft.js";

const RESULTS = [["CONFORMS", "good"], ["DOES_NOT_CONFORM", "bad"], ["NOT_APPLICABLE", "plain"]];

export async function show({ inspection, again }) {
  const { id, checklist, fields } = inspection;
  const point = ({ code, text, basis }) => {
    const told = fields[`finding:${code}`] ?? {};
    const results = (told.result ?? []).map((one) => one.value);
    const note = field({ label: say("app.note"), name: code, tag: "textarea", rows: 2, value: told.note?.[0]?.value ?? "" });
    note.querySelector("textarea").addEventListener("change", async ({ target }) => {
      await engine.tell(id, { type: "FINDING", item: code, note: target.value });
      await draft.forget(code);
    });
    return el("li", { className: "point" }, el("h2", {}, `${code} ${text}`), el("p", { className: "hint" }, basis),
      el("div", { className: "three", role: "group", "aria-label": text }, RESULTS.map(([result, tone]) =>
        button(say(`app.finding.${result}`), async () => {
          await engine.tell(id, { type: "FINDING", item: code, result });
          await again();
        }, { tone: results.includes(result) ? `chosen ${tone}` : "", "aria-pressed": String(results.includes(result)) }))),
      results.length > 1 && el("a", { href: `#/visit/${id}/conflict` }, say("app.conflict.title")),
      el("details", { open: Boolean(told.note) }, el("summary", {}, say("app.finding.more")), note,
        el("a", { className: "button second", href: `#/visit/${id}/capture/${encodeURIComponent(code)}` }, say("app.step.capture"))));
  };
  const points = el("div", {}, el("ol", { className: "points" }, checklist.items.map(point)));
  const draft = kept(points);
  return [head(checklist.title || say("app.step.findings"), `#/visit/${id}`),
    checklist.items.length ? points : el("p", { className: "empty" }, say("app.finding.none")),
    el("div", { className: "bottom" }, el("a", { className: "button main", href: `#/visit/${id}` }, say("app.done")))];
}
