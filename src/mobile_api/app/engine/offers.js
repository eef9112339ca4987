// After a loss at the server: what this phone holds receipts for is offered, and what is wanted again waits again.

import { call } from "./api.js";
import { all, meta, setMeta, update, write } from "./store.js";

const MOST = 100; // of a request: a receipt is some 500 characters

/** Everything that was told is told again; of evidence what the server asks for. Nothing where nothing was lost since. */
export async function offer(token, tell) {
  const { body } = await call("GET", "/mobile/v1/offers", { token });
  if (!body.call || body.call === (await meta("offered"))) return;
  const held = (await all("evidence")).filter((one) => one.committed);
  for (let at = 0; at < held.length; at += MOST) {
    const receipts = held.slice(at, at + MOST).map((one) =>
      ({ evidence_id: one.evidence_id, sha256: one.sha256, receipt: one.receipt ?? one.committed }));
    const answer = await call("POST", "/mobile/v1/offers", { token, json: { receipts } });
    for (const { evidence_id, begin } of answer.body.wanted) {
      // Also what was wiped: its commitment is here, and the officer is told that its bytes are not.
      await update("evidence", evidence_id, (row) => ({
        ...row, state: "waiting", why: null, sent: 0, wiped: false, receipt: null, lost: row.receipt ?? row.lost,
        ...(begin === "COMMITMENT" && { committed: null }),
      }));
    }
  }
  const told = await all("operations", "state", "safe");
  await write(told.map((one) => ["operations", { ...one, state: "waiting" }]));
  await setMeta("cursor", "0");
  await setMeta("offered", body.call);
  tell("queue");
}
