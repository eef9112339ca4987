// Speaks to the server, and knows when it is not the server that answers.

export class NoNetwork extends Error {}

/** A problem (RFC 9457) of the server. */
export class Refused extends Error {
  constructor(status, problem, retryAfter) {
    super(problem.title ?? String(status));
    Object.assign(this, { status, problem, slug: (problem.type ?? "").split("/").pop(), retryAfter });
  }
}

let language = "zh-CN";
export function speak(chosen) { language = chosen; }

/**
 * The answer: {status, headers, body}. Throws NoNetwork where nobody answers, or somebody else does: a captive portal
 * answers HTML with 200, or leads elsewhere. Throws Refused for a problem. `packed`: sent compressed, where it can be.
 */
export async function call(method, path, { token, json, body, headers = {}, seconds = 60, raw = false, packed = false } = {}) {
  const sent = { "Accept-Language": language, ...headers };
  if (token) sent.Authorization = `Bearer ${token}`;
  if (json !== undefined) sent["Content-Type"] = "application/json";
  let content = json === undefined ? body : JSON.stringify(json);
  if (packed && globalThis.CompressionStream) {
    content = await new Response(new Blob([content]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
    sent["Content-Encoding"] = "gzip";
  }
  let answer, bytes;
  try {
    answer = await fetch(path, {
      method, headers: sent, body: content,
      redirect: "error", cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(seconds * 1000),
    });
    bytes = new Uint8Array(await answer.arrayBuffer());
  } catch (error) {
    throw new NoNetwork(error.message);
  }
  const type = answer.headers.get("Content-Type") ?? "";
  const ours = answer.status === 304 || answer.headers.has("Tus-Resumable") || /^application\/((problem\+)?json|pdf)/.test(type)
    || (answer.status === 204 && !bytes.length);
  if (!ours) throw new NoNetwork("portal");
  const parsed = () => { try { return JSON.parse(new TextDecoder().decode(bytes)); } catch { throw new NoNetwork("portal"); } };
  if (answer.status >= 400) {
    throw new Refused(answer.status, bytes.length ? parsed() : {}, Number(answer.headers.get("Retry-After")) || 0);
  }
  return { status: answer.status, headers: answer.headers, body: raw ? bytes : bytes.length ? parsed() : null };
}
