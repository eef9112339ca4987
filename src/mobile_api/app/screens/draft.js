// What somebody has typed and not yet told: kept field by field, so that a killed page loses nothing.

import { engine } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { button, notice } from "./dom.js";

const TYPED = 'textarea, select, input:not([type="password"], [type="file"], [type="checkbox"])';

/** Keeps what is typed in the place, and brings back what was; `forget` once it is told: of one field, or of all. */
export function kept(place, key = location.hash) {
  let draft = {};
  let writing = Promise.resolve();
  let asked = false;
  const save = () => {
    if (asked) return; // what is typed meanwhile goes with it
    asked = true;
    writing = writing.then(() => {
      asked = false;
      return engine.keepDraft(key, draft);
    }).catch(console.error);
  };
  const forget = (name) => {
    if (name) delete draft[name];
    else draft = {};
    place.querySelector(":scope > .draft")?.remove();
    save();
    return writing;
  };
  place.addEventListener("input", ({ target }) => {
    if (!target.name || !target.matches(TYPED)) return;
    draft[target.name] = target.value;
    save();
  });
  engine.draft(key).then((before) => {
    draft = { ...before, ...draft };
    const undo = restore(place, draft);
    if (!undo.length) return;
    place.prepend(notice("plain draft", say("app.draft.restored"), button(say("app.draft.discard"), () => {
      undo.forEach((back) => back());
      return forget();
    }, { tone: "quiet" })));
  }).catch(console.error);
  return { forget };
}

/** Puts back what differs from what the screen shows; how to undo each. Choices first: others may depend on them. */
function restore(place, draft) {
  const of = (name) => [...place.querySelectorAll(TYPED)].filter((one) => one.name === name);
  const put = (name) => {
    const [field] = of(name);
    if (!field || field.type === "radio" || field.value === draft[name]) return [];
    const before = field.value;
    field.value = draft[name];
    if ("looks" in field.dataset) field.dispatchEvent(new Event("change"));
    return [() => { field.value = before; }];
  };
  const choose = (name) => {
    const all = of(name).filter((one) => one.type === "radio");
    const [before, chosen] = [all.find((one) => one.checked), all.find((one) => one.value === draft[name])];
    if (!chosen || chosen === before) return [];
    chosen.click();
    return [() => { before ? before.click() : (chosen.checked = false); }];
  };
  const names = Object.keys(draft);
  return [...names.flatMap(choose), ...names.flatMap(put)];
}
