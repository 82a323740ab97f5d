// The transport of CopilotKit's GraphQL clients (1.3 to 1.10.6): one POST, an answer in parts, merged as they come.

import { GENERATE, LOAD_STATE } from "./operations.js";

const HEADERS = {
  "content-type": "application/json",
  accept:
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed",
  "x-copilotkit-runtime-client-gql-version": "1.10.6",
};
const DELIMITER = "\r\n---";

/** Something went wrong that a person should read about. */
export class RuntimeFault extends Error {}

/**
 * Asks the runtime for an answer and gives it once per part: `{response, entries}`, the merged response so far and the
 * entries that this part added. Ends with the part that says `hasNext: false`.
 */
export async function* generate(url, data, signal) {
  const answer = await post(url, "generateCopilotResponse", GENERATE, { data }, signal);
  let merged;
  for await (const part of payloads(answer)) {
    const entries = part.incremental ?? [];
    refuseErrors(part, ...entries);
    if (merged === undefined) {
      merged = part.data;
      if (!merged) throw new RuntimeFault("The runtime's answer has neither data nor errors.");
    }
    for (const entry of entries) mergeEntry(merged, entry);
    yield { response: merged.generateCopilotResponse, entries };
    // The clients hang up here as well; only this flag ends an answer, never a status.
    if (part.hasNext === false) return;
  }
  throw new RuntimeFault("The connection ended before the answer was complete.");
}

/** What the runtime has stored of a thread: `{threadExists, state, messages}`, both decoded. */
export async function loadState(url, threadId, agentName) {
  const answer = await post(url, "loadAgentState", LOAD_STATE, { data: { threadId, agentName } });
  const body = await answer.json();
  refuseErrors(body);
  const { threadExists, state, messages } = body.data.loadAgentState;
  return { threadExists, state: JSON.parse(state), messages: JSON.parse(messages) };
}

/** The JSON documents of an answer: each part of a multipart one, or the only one. */
export async function* payloads(answer) {
  const type = answer.headers.get("content-type") ?? "";
  if (type.startsWith("multipart/mixed")) yield* multipart(answer.body);
  else yield { hasNext: false, ...(await answer.json()) };
}

/** Splits a `multipart/mixed; boundary="-"` stream. A part is given as soon as the delimiter behind it is there. */
export async function* multipart(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  // A body may open with its delimiter at once; the line break in front makes it look like all others.
  let rest = "\r\n";
  let preamble = true;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += value;
      // JSON text has no raw line breaks, so that the delimiter can only be one.
      for (let end = rest.indexOf(DELIMITER); end >= 0; end = rest.indexOf(DELIMITER)) {
        const part = rest.slice(0, end);
        rest = rest.slice(end + DELIMITER.length);
        if (!preamble) yield JSON.parse(part.slice(part.indexOf("\r\n\r\n") + 4));
        preamble = false;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Merges one entry of the 2022 incremental format into the data, as urql does. */
export function mergeEntry(data, entry) {
  const path = [...entry.path];
  if (entry.items) {
    const index = path.pop();
    const list = walk(data, path);
    entry.items.forEach((item, offset) => {
      list[index + offset] = item;
    });
  } else if (entry.data) {
    mergeDeep(walk(data, path), entry.data);
  }
}

function walk(data, path) {
  return path.reduce((value, key) => value[key], data);
}

function mergeDeep(target, source) {
  for (const [key, value] of Object.entries(source)) {
    const known = target[key];
    if (value && known && typeof value === "object" && typeof known === "object") mergeDeep(known, value);
    else target[key] = value;
  }
}

async function post(url, operationName, query, variables, signal) {
  const body = JSON.stringify({ operationName, query, variables });
  let answer;
  try {
    answer = await fetch(url, { method: "POST", headers: HEADERS, body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new RuntimeFault(`The runtime at ${url} cannot be reached. Is it still running?`, { cause: error });
  }
  if (!answer.ok) throw new RuntimeFault(await httpFault(answer));
  return answer;
}

async function httpFault(answer) {
  const text = await answer.text();
  let message = "";
  try {
    message = JSON.parse(text).errors[0].message;
  } catch {
    // Not every server in between answers in GraphQL's words; the status says enough then.
  }
  return `The runtime refused the request with HTTP ${answer.status}. ${message}`.trim();
}

function refuseErrors(...payloads) {
  for (const { errors } of payloads) {
    if (!errors?.length) continue;
    const [error] = errors;
    throw new RuntimeFault(error.extensions?.originalError?.message ?? error.message);
  }
}
