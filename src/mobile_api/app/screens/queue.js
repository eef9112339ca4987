// What is on this phone, piece by piece, whose it is, why it waits, and what is safe to delete.

import { engine } from "../engine/engine.js";
import { say } from "../engine/words.js";
import { badge, button, choice, el, head, notice, size, time } from "./dom.js";

const TONES = { waiting: "plain", sending: "busy", received: "plain", safe: "good", attention: "bad" };
const MARKS = { waiting: "○", sending: "↑", received: "…", safe: "✓", attention: "!" };
const KNOWN_WHY = ["bytes-missing", "receipt-wrong", "receipt-unchecked"];

export async function show({ again }) {
  const [queue, summary, metered, people, room, me] = await Promise.all(
    [engine.queue(), engine.summary(), engine.setting("metered"), engine.people(), engine.room(), engine.me()]);
  const order = ["attention", "sending", "waiting", "received", "safe"];
  const items = queue.sort((one, other) => order.indexOf(one.state) - order.indexOf(other.state) || other.first - one.first);
  const operations = items.filter((one) => one.kind === "operation");
  const bytes = items.filter((one) => one.kind !== "operation");
  const wipeable = bytes.filter((one) => one.state === "safe" && !one.wiped);
  return [head(say("app.queue.title"), "#/"),
    summary.safeToWipe ? notice("good", say("app.queue.all-safe")) : notice("warn", say("app.queue.not-safe")),
    summary.trouble === "portal" ? notice("bad", say("app.trouble.portal")) : !summary.online ? notice("plain", say("app.queue.offline")) : null,
    held(bytes, summary), space(room),
    el("p", { className: "hint" }, summary.lastSync ? say("app.queue.last", { time: time(summary.lastSync) }) : say("app.queue.never"), " · ", say(`app.time.${summary.timeSource}`)),
    el("dl", { className: "counts" }, order.map((state) => el("div", {}, el("dt", {}, say(`app.queue.${state}`)), el("dd", {}, String(summary[state]))))),
    operations.length > 0 && el("section", {}, el("h2", {}, say("app.queue.facts")), el("ul", { className: "cards" }, facts(operations, people, me, again))),
    el("section", {}, el("h2", {}, say("app.queue.files")), bytes.length ? el("ul", { className: "cards" }, bytes.map((one) => row(one, summary, again))) : el("p", { className: "empty" }, say("app.queue.empty"))),
    choice({ legend: say("app.queue.metered"), name: "metered", chosen: metered, onchange: async (chosen) => { await engine.setting("metered", chosen); await again(); },
      options: [["pause", say("app.queue.wifi-only")], ["send", say("app.queue.any-network")], ["hold", say("app.queue.hold"), "warn"]] }),
    summary.metered === null && metered === "pause" && el("p", { className: "hint" }, say("app.queue.metered-unknown")),
    el("div", { className: "bottom" }, button(say("app.queue.sync"), () => engine.sync(), { tone: "main" }),
      wipeable.length > 0 && button(say("app.queue.wipe"), async () => { await engine.wipe("safe"); await again(); }, { tone: "second" }))];
}

/** Why files wait although there is a network. */
function held(bytes, summary) {
  const why = bytes.map((one) => one.holding).find(Boolean);
  return why && summary.online ? notice("plain", say(`app.queue.holding.${why}`)) : null;
}

export function space({ full, low, free }) {
  if (full) return notice("bad", say("app.room.full"));
  return low ? notice("warn", say("app.room.low", { free: size(free) })) : null;
}

/** Whose facts wait: also those of a colleague who signed on this phone. */
function facts(operations, people, me, again) {
  const waiting = {};
  for (const one of operations) if (one.state !== "attention") (waiting[one.author] ??= []).push(one);
  return [...Object.entries(waiting).map(([author, some]) => el("li", { className: "card row" },
    el("span", { className: "grow" }, say("app.queue.facts-waiting-of", { number: some.length, person: people.find((one) => one.person_id === author)?.name ?? "" })),
    badge("plain", say(me.signedIn || author === me.person_id ? "app.queue.waiting" : "app.queue.waits.sign-in")))),
    ...operations.filter((one) => one.state === "attention").map((one) => el("li", { className: "card" }, say(`app.operation.${one.label}`), " ", badge("bad", say("app.queue.attention")), el("p", {}, one.why ?? ""),
      button(say("app.queue.retry"), async () => { await engine.retry(one.id); await again(); }, { tone: "second" })))];
}

function row(one, summary, again) {
  const why = one.why && (KNOWN_WHY.includes(one.why) ? say(`app.queue.why.${one.why}`) : one.why);
  const waits = one.state === "waiting" && (!summary.online ? "offline" : one.holding);
  return el("li", { className: `card item ${one.state}` },
    el("div", { className: "row" }, el("span", { className: "state-mark", "aria-hidden": "true" }, MARKS[one.state]), el("span", { className: "grow" }, one.label || say(`app.capture.${one.kind}`)),
      badge(TONES[one.state], say(`app.queue.${one.wiped ? "wiped" : one.state}`))),
    one.wanted && one.state !== "safe" && el("p", {}, badge("warn", say("app.queue.wanted"))),
    one.state === "sending" || one.state === "waiting" ? el("progress", { max: one.size, value: one.sent, "aria-label": one.label }) : null,
    el("p", { className: "hint" }, one.sent > 0 && one.sent < one.size ? say("app.queue.sent", { sent: size(one.sent), size: size(one.size) }) : size(one.size),
      one.outcome ? ` · ${say(`app.verdict.${one.outcome}`)}` : one.committed && one.state !== "safe" ? ` · ${say("app.queue.committed")}` : "",
      waits ? ` · ${say(`app.queue.waits.${waits}`)}` : ""),
    why && el("p", {}, why),
    el("div", { className: "row" },
      one.state === "attention" && button(say("app.queue.retry"), async () => { await engine.retry(one.id); await again(); }, { tone: "second" }),
      ["waiting", "sending"].includes(one.state) && !one.first && one.holding !== "held" && button(say("app.queue.first"), async () => { await engine.sendFirst(one.id); await again(); }, { tone: "quiet" })));
}
