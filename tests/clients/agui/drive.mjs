// node drive.mjs CLIENT URL < scenario.json
//
// Drives one real AG-UI client through one scenario and prints one line of JSON. CLIENT is 0.0.42 or 0.0.59 (HttpAgent of
// @ag-ui/client) or core (CopilotKitCore of @copilotkit/core, which is what React frontends are built on).
//
// Scenario: {threadId, agent?, transport?: "rest" | "single" | "auto", headers?, state?, steps: [step]}
//   step: {say: text, stopAfter?: pieces of text, forwardedProps?} | {answer: {status?, payload?}} | {command: value} | {open: true} | {wait: ms}
//   "answer" answers all questions that the step before ended with.
//   "open" starts afresh, as a reloaded page does, and connects to the thread (core only).
// Answer: {steps: [{events, error}], messages, state, errors, unhandled}
import { CoreClient } from "./core.mjs";
import { HttpClient } from "./http.mjs";

const [name, url] = process.argv.slice(2);
if (!["0.0.42", "0.0.59", "core"].includes(name) || !url) {
  process.stderr.write("usage: node drive.mjs 0.0.42|0.0.59|core URL < scenario.json\n");
  process.exit(2);
}

// Standard output carries the one answer; the libraries write to it too.
for (const level of ["log", "info", "warn", "error", "debug"]) console[level] = () => {};

const unhandled = [];
process.on("unhandledRejection", (reason) => unhandled.push(String(reason?.message ?? reason)));
process.on("uncaughtException", (error) => unhandled.push(String(error?.message ?? error)));

const parts = [];
for await (const part of process.stdin) parts.push(part);
const scenario = JSON.parse(Buffer.concat(parts).toString("utf8"));

const client = name === "core" ? new CoreClient(url, scenario) : await HttpClient.of(name, url, scenario);
const steps = [];
for (const step of scenario.steps) steps.push(await client.take(step));
const answer = { steps, messages: client.messages, state: client.state, errors: client.errors, unhandled };
// Late rejections of the library belong to the answer.
await new Promise((resolve) => setTimeout(resolve, 20));
process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0));
