// Builds elements. Text is always text, never markup.

import { say } from "../engine/words.js";
import { kept } from "./draft.js";

export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, given] of Object.entries(properties)) {
    if (given === undefined || given === null || given === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), given);
    else if (name in made && !name.includes("-") && name !== "list" && name !== "form") made[name] = given;
    else made.setAttribute(name, given === true ? "" : given);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

let numbered = 0;

/** A labelled field: {label, name, type, value, hint, required, ...}. */
export function field({ label, hint, tag = "input", options, ...properties }) {
  const id = `f${(numbered += 1)}`;
  const input = el(tag, { id, ...(hint && { "aria-describedby": `${id}h` }), ...properties },
    (options ?? []).map(([value, words]) => el("option", { value, selected: value === properties.value }, words)));
  return el("div", { className: "field" }, el("label", { htmlFor: id }, label), hint && el("p", { id: `${id}h`, className: "hint" }, hint), input);
}

/** Radio buttons as large as thumbs: options [[value, words, tone]]. */
export function choice({ legend, name, options, chosen, onchange }) {
  return el("fieldset", { className: "choice" }, el("legend", {}, legend), el("div", { className: "options" },
    options.map(([value, words, tone]) => el("label", { className: `option ${tone ?? ""}` },
      el("input", { type: "radio", name, value, checked: value === chosen, onchange: () => onchange?.(value) }), el("span", {}, words)))));
}

export function button(words, onclick, { tone = "", ...more } = {}) {
  const made = el("button", { type: "button", className: `button ${tone}`, ...more }, words);
  made.addEventListener("click", async () => {
    made.disabled = true; // gloves press twice
    try {
      await onclick();
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

export function form(submitWords, onsubmit, ...children) {
  const made = el("form", { noValidate: true }, ...children, el("div", { className: "bottom" }, el("button", { className: "button main" }, submitWords)));
  const draft = kept(made);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (made.dataset.busy) return;
    made.dataset.busy = "1";
    try {
      const missing = [...made.querySelectorAll("[required]:enabled")].find((input) => !input.value.trim());
      if (missing) throw new Error(say("app.form.missing", { field: made.querySelector(`label[for="${missing.id}"]`)?.textContent ?? "" }));
      const next = await onsubmit(Object.fromEntries(new FormData(made))); // what comes once nothing is a draft any more
      await draft.forget();
      await next?.();
    } catch (error) {
      trouble(made, error);
    } finally {
      delete made.dataset.busy;
    }
  });
  return made;
}

/** Says above the form what went wrong. */
export function trouble(where, error) {
  where.querySelector(".trouble")?.remove();
  where.prepend(notice("bad", inWords(error)));
  where.querySelector(".trouble")?.scrollIntoView({ block: "center" });
}

export function inWords(error) {
  if (error.problem?.detail) return error.problem.detail;
  if (error.name === "QuotaExceededError") return say("app.trouble.storage-full");
  if (error.constructor.name === "NoNetwork") return say(error.message === "portal" ? "app.trouble.portal" : "app.trouble.no-network");
  return { pin: say("app.trouble.pin"), "another-person": say("app.trouble.another-person") }[error.message] ?? error.message;
}

export function notice(tone, ...children) {
  return el("div", { className: `notice ${tone} ${tone === "bad" ? "trouble" : ""}`, role: tone === "bad" ? "alert" : "status" }, ...children);
}

/** The head of a screen, with the way back. */
export function head(title, back) {
  return el("header", { className: "head" },
    back && el("a", { className: "back", href: back, "aria-label": say("app.back") }, "‹"), el("h1", {}, title));
}

export function badge(tone, words) {
  return el("span", { className: `badge ${tone}` }, words);
}

export const time = (instant) => (instant ? new Date(instant).toLocaleString(document.documentElement.lang, { timeZone: "Asia/Shanghai", hour12: false }) : "");

export function size(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  const at = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1000 ** at).toFixed(at ? 1 : 0)} ${units[at]}`;
}
