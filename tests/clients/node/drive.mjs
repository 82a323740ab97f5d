// node drive.mjs VERSION URL < scenario.json
//
// Drives one real client library through one scenario and prints one line of JSON.
//
// Scenario: {operation?: "chat" | "availableAgents" | "loadAgentState", turns?: [text], threadId?, agent?, agentStates?,
//   actions?: [{name, description?, jsonSchema?, available?, result?}], stopAfter?: updates, properties?, headers?,
//   publicApiKey?, cloud?, context?, forwardedParameters?, requestType?, interruptResponse?}
// Answer of a chat: {version, turns: [{threadId, runId, extensions, status, metaEvents, updates, aborted, streamError,
//   messages, errors, warnings}], conversation: [message], unhandled: [text]}
// Answer of a query: {version, supported, data, errors, unhandled}
import { createRequire } from "node:module";

import { Chat, describeErrors, describeMessage, VERSIONS } from "./chat.mjs";

const [version, url] = process.argv.slice(2);
if (!(version in VERSIONS) || !url) {
  process.stderr.write(`usage: node drive.mjs ${Object.keys(VERSIONS).join("|")} URL < scenario.json\n`);
  process.exit(2);
}

// Standard output carries the one answer; the libraries write to it too.
for (const name of ["log", "info", "warn", "error", "debug"]) console[name] = () => {};

const unhandled = [];
process.on("unhandledRejection", (reason) => unhandled.push(String(reason?.message ?? reason)));
process.on("uncaughtException", (error) => unhandled.push(String(error?.message ?? error)));

async function readScenario() {
  const parts = [];
  for await (const part of process.stdin) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString("utf8"));
}

async function ask(library, scenario) {
  const client = new library.CopilotRuntimeClient({ url, headers: scenario.headers ?? {} });
  const method = client[scenario.operation];
  if (!method) return { supported: false, data: null, errors: [] };
  const variables = { threadId: scenario.threadId, agentName: scenario.agent };
  const { data, error } = await method.call(client, variables).toPromise();
  return {
    supported: true,
    data: data ? library.CopilotRuntimeClient.removeGraphQLTypename(structuredClone(data)) : null,
    errors: error ? describeErrors(error) : [],
  };
}

async function converse(library, scenario) {
  const chat = new Chat(library, version, url, scenario);
  const turns = [];
  for (const text of scenario.turns) turns.push(await chat.turn(text));
  return { turns, conversation: chat.messages.map(describeMessage) };
}

const scenario = await readScenario();
// The CommonJS build: Node's ES modules read untruncate-json's default export wrongly, and every tool call's arguments
// come out as {}. Bundlers, which browsers get, read both builds as this one.
const library = createRequire(import.meta.url)(VERSIONS[version].package);
const chats = (scenario.operation ?? "chat") === "chat";
const answer = chats ? await converse(library, scenario) : await ask(library, scenario);
// Late rejections of the library belong to the answer.
await new Promise((resolve) => setTimeout(resolve, 20));
process.stdout.write(`${JSON.stringify({ version, ...answer, unhandled })}\n`, () => process.exit(0));
