// The page's own modules against a real HTTP server that answers with what the TypeScript runtime was recorded to send.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

const { PAGE_DIR, RECORDINGS_DIR } = process.env;
const page = (name) => import(pathToFileURL(join(PAGE_DIR, name)).href);
const { generate, loadState, mergeEntry, multipart, RuntimeFault } = await page("client.js");
const { fromHistory, fromOutput, lastAgentState, toInput } = await page("messages.js");
const { Conversation } = await page("conversation.js");
globalThis.location = { href: "http://localhost/" };

const MULTIPART = { "content-type": 'multipart/mixed; boundary="-"' };
const answers = [];
const requests = [];
let url;

const server = http.createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  requests.push({ headers: request.headers, body: JSON.parse(Buffer.concat(pieces).toString()) });
  await answers.shift()(response, request);
});
before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}/api/copilotkit`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

function recording(name) {
  const { response } = JSON.parse(readFileSync(join(RECORDINGS_DIR, `${name}.json`), "utf8"));
  const type = response.headers.find(([header]) => header.toLowerCase() === "content-type")[1];
  return (out) => out.writeHead(response.status, { "content-type": type }).end(response.body_text);
}

const part = (payload) => `\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(payload)}\r\n---`;
const first = { data: { generateCopilotResponse: { messages: [], metaEvents: [] } }, hasNext: true };
const parts = (...payloads) => `\r\n---${payloads.map(part).join("")}`;
const whole = (body) => (out) => out.writeHead(200, MULTIPART).end(body);

async function answerTo(answer) {
  answers.push(answer);
  let last;
  for await (const { response } of generate(url, { messages: [] })) last = response;
  return last;
}

const collect = async (iterable) => {
  const all = [];
  for await (const item of iterable) all.push(item);
  return all;
};
const stream = (...pieces) => new Blob(pieces).stream();
const conversation = (options = {}) =>
  new Conversation({ url, agentName: "demo", threadId: "t1", tools: {}, onChange() {}, onEntries() {}, ...options });

test("a recorded text answer merges into its five chunks", async () => {
  const [message] = fromOutput((await answerTo(recording("text-5"))).messages);
  assert.deepEqual(message.chunks, ["chunk0 ", "chunk1 ", "chunk2 ", "chunk3 ", "chunk4 "]);
  assert.equal(message.status, "done");
});

test("a thousand recorded chunks all arrive", async () => {
  const [message] = fromOutput((await answerTo(recording("long-1000"))).messages);
  assert.equal(message.chunks.length, 1000);
});

test("a recorded tool call joins to its arguments", async () => {
  const [call] = fromOutput((await answerTo(recording("agent-tool"))).messages);
  assert.deepEqual([call.kind, call.name, JSON.parse(call.chunks.join(""))], ["call", "setColor", { color: "red" }]);
});

test("the newest agent state of a recorded answer wins", async () => {
  const { messages } = await answerTo(recording("agent-state"));
  assert.deepEqual(lastAgentState(messages, "echo"), { state: { count: 1, items: ["a"] }, nodeName: "", active: false });
});

test("another agent's state is not taken", async () => {
  const { messages } = await answerTo(recording("agent-state"));
  assert.equal(lastAgentState(messages, "demo"), undefined);
});

test("a recorded resolver error is raised in its own words", async () => {
  await assert.rejects(answerTo(recording("agent-unknown-noagents")), (error) => {
    return error instanceof RuntimeFault && error.message.includes("was not found");
  });
});

test("a part is given before the next one has begun", async () => {
  let finish;
  answers.push((out) => {
    out.writeHead(200, MULTIPART).write(parts(first));
    finish = () => out.end(part({ hasNext: false }));
  });
  const answer = generate(url, { messages: [] });
  assert.equal((await answer.next()).done, false);
  finish();
  await answer.next();
  assert.equal((await answer.next()).done, true);
});

test("parts cut at any byte are put together again", async () => {
  const bytes = new TextEncoder().encode(parts({ text: "héllo 🌍 \r\n--- end" }, { hasNext: false }));
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const [payload, last] = await collect(multipart(stream(bytes.slice(0, cut), bytes.slice(cut))));
    assert.deepEqual([payload.text, last.hasNext], ["héllo 🌍 \r\n--- end", false]);
  }
});

test("a body may open with its delimiter at once", async () => {
  assert.deepEqual(await collect(multipart(stream(parts({ a: 1 }).slice(2)))), [{ a: 1 }]);
});

test("an entry may carry several items", () => {
  const data = { list: ["a"] };
  mergeEntry(data, { items: ["b", "c"], path: ["list", 1] });
  assert.deepEqual(data, { list: ["a", "b", "c"] });
});

test("deferred data is merged, not put in place", () => {
  const data = { message: { id: "m", status: { note: "kept" } } };
  mergeEntry(data, { data: { status: { code: "Success" } }, path: ["message"] });
  assert.deepEqual(data, { message: { id: "m", status: { note: "kept", code: "Success" } } });
});

test("an answer that ends before its last part is a fault", async () => {
  await assert.rejects(answerTo(whole(parts(first))), /ended before the answer was complete/);
});

test("errors of one entry are a fault", async () => {
  const broken = { incremental: [{ errors: [{ message: "entry broke" }], path: [] }], hasNext: false };
  await assert.rejects(answerTo(whole(parts(first, broken))), /entry broke/);
});

test("an HTTP error is told with its status and its text", async () => {
  const refusal = (out) => out.writeHead(413).end(JSON.stringify({ errors: [{ message: "The body is too large." }] }));
  await assert.rejects(answerTo(refusal), /HTTP 413. The body is too large./);
});

test("an HTTP error in no known form is told with its status alone", async () => {
  await assert.rejects(answerTo((out) => out.writeHead(502).end("<h1>Bad gateway</h1>")), /HTTP 502\.$/);
});

test("a server that is not there is told as such", async () => {
  await assert.rejects(collect(generate("http://127.0.0.1:9/none", {})), /cannot be reached/);
});

test("recorded stored messages come back in order and kind", async () => {
  answers.push(recording("load-state-stored"));
  const stored = await loadState(url, "thread-stored", "stateful");
  assert.equal(stored.threadExists, true);
  assert.deepEqual(fromHistory(stored.messages).map(({ kind }) => kind), ["text", "text", "call", "result"]);
});

test("a call that was cut while it streamed is not sent again", () => {
  assert.equal(toInput({ kind: "call", id: "c", name: "f", chunks: ['{"a'], status: "stopped" }), undefined);
});

test("requests look like those of client 1.10.6", async () => {
  await answerTo(recording("text-1"));
  const { headers, body } = requests.at(-1);
  assert.equal(headers["x-copilotkit-runtime-client-gql-version"], "1.10.6");
  assert.equal(body.operationName, "generateCopilotResponse");
});

test("a frontend tool runs and its result is posted behind its call", async () => {
  const asked = [];
  const setColor = { description: "", parameters: {}, run: (given) => (asked.push(given), "done") };
  answers.push(recording("agent-tool"), recording("text-1"));
  const talk = conversation({ tools: { setColor } });
  await talk.send("tool");
  const { messages } = requests.at(-1).body.variables.data;
  assert.deepEqual(asked, [{ color: "red" }]);
  assert.deepEqual(messages.map((message) => Object.keys(message)[2]), ["textMessage", "actionExecutionMessage", "resultMessage"]);
  assert.equal(talk.messages.at(-1).chunks.join(""), "chunk0 ");
});

test("a tool that throws gives its error as the result", async () => {
  const setColor = { description: "", parameters: {}, run: () => { throw new Error("no paint"); } };
  answers.push(recording("agent-tool"), recording("text-1"));
  const talk = conversation({ tools: { setColor } });
  await talk.send("tool");
  assert.equal(talk.messages.find(({ kind }) => kind === "result").result, "The tool failed: no paint");
});

test("a failed run keeps its text and says why", async () => {
  answers.push(recording("agent-runerror"));
  const talk = conversation();
  await talk.send("runerror");
  assert.deepEqual([talk.notice, talk.busy], [{ kind: "failed", text: "agent failed" }, false]);
});

test("stop hangs up and keeps what had arrived", async () => {
  const hungUp = new Promise((resolve) => {
    const message = { __typename: "TextMessageOutput", id: "m", role: "assistant", content: ["half"] };
    const entry = { items: [message], path: ["generateCopilotResponse", "messages", 0] };
    answers.push((out) => {
      out.on("close", resolve);
      out.writeHead(200, MULTIPART).write(parts(first, { incremental: [entry], hasNext: true }));
    });
  });
  const talk = conversation({ onChange: () => talk.messages.length > 1 && talk.stop() });
  await talk.send("slow");
  await hungUp;
  assert.deepEqual([talk.messages.at(-1).status, talk.notice.kind], ["stopped", "stopped"]);
});
