// One conversation with one agent: posts, streams, runs frontend tools and posts again, as CopilotKit's chat does.

import { generate, loadState, RuntimeFault } from "./client.js";
import { failureText, fromHistory, fromOutput, lastAgentState, toInput } from "./messages.js";

/** An id that needs no secure context, so that the page also works from another machine. */
export function newId(prefix) {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `${prefix}-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export class Conversation {
  messages = [];
  state = {};
  nodeName = "";
  notice = null;
  #request = null;

  /**
   * tools: by name, `{description, parameters, run}`; `run(arguments)` gives the result's text.
   * onChange: called after every change; onEntries: called with every part's entries, and null before the first.
   */
  constructor({ url, agentName, threadId, tools, onChange, onEntries }) {
    Object.assign(this, { url, agentName, threadId, tools, onChange, onEntries });
  }

  get busy() {
    return this.#request !== null;
  }

  get userTurns() {
    return this.messages.filter((message) => message.role === "user").length;
  }

  /** Takes up the stored thread; a thread that nobody has stored is an empty one. */
  async load() {
    await this.#guard(async () => {
      const stored = await loadState(this.url, this.threadId, this.agentName);
      // Whoever has begun to talk meanwhile keeps what they see.
      if (!stored.threadExists || this.messages.length || this.busy) return;
      this.messages = fromHistory(stored.messages);
      this.state = stored.state;
    });
    this.onChange();
  }

  /** Says something and stays until the answer, with all frontend tools it asked for, is complete. */
  async send(text) {
    if (this.busy) return;
    this.messages.push({
      kind: "text", id: newId("user"), createdAt: new Date().toISOString(), role: "user", chunks: [text], status: "done",
    });
    this.#request = new AbortController();
    this.notice = null;
    this.onChange();
    await this.#guard(async () => {
      let answered = await this.#post();
      while (await this.#runTools(answered)) answered = await this.#post();
    });
    this.#request = null;
    this.onChange();
  }

  /** Hangs up, which is how this protocol stops a run. */
  stop() {
    this.#request?.abort();
  }

  /** Changes the shared state; the agent sees it with the next message. */
  setState(state) {
    this.state = state;
    this.onChange();
  }

  async #guard(work) {
    try {
      await work();
    } catch (error) {
      const stopped = error.name === "AbortError";
      for (const message of this.messages) {
        if (message.status === "streaming") message.status = stopped ? "stopped" : "failed";
      }
      if (stopped) this.notice = { kind: "stopped", text: "Stopped. What had arrived is kept." };
      else if (error instanceof RuntimeFault) this.notice = { kind: "failed", text: error.message };
      else {
        console.error(error);
        this.notice = { kind: "failed", text: `The page failed: ${error.message}` };
      }
    } finally {
      this.nodeName = "";
    }
  }

  async #post() {
    const before = [...this.messages];
    let answered = [];
    let status;
    this.onEntries(null);
    for await (const { response, entries } of generate(this.url, this.#input(), this.#request.signal)) {
      answered = fromOutput(response.messages);
      status = response.status;
      const reported = lastAgentState(response.messages, this.agentName);
      if (reported) {
        this.state = reported.state;
        this.nodeName = reported.active ? reported.nodeName : "";
      }
      this.messages = [...before, ...answered];
      this.onEntries(entries);
      this.onChange();
    }
    if (status?.code === "Failed") throw new RuntimeFault(failureText(status));
    return answered;
  }

  // Whether a tool ran, and so whether the agent wants to hear of it.
  async #runTools(answered) {
    const calls = answered.filter((message) => message.kind === "call" && message.name in this.tools);
    for (const call of calls) {
      const result = {
        kind: "result", id: newId("result"), createdAt: new Date().toISOString(), callId: call.id, name: call.name,
        result: await this.#runTool(call),
      };
      // The result stands directly behind its call, where agents expect it.
      this.messages.splice(this.messages.indexOf(call) + 1, 0, result);
      this.onChange();
    }
    return calls.length > 0;
  }

  async #runTool(call) {
    try {
      return await this.tools[call.name].run(JSON.parse(call.chunks.join("") || "{}"));
    } catch (error) {
      return `The tool failed: ${error.message}`;
    }
  }

  #input() {
    const actions = Object.entries(this.tools).map(([name, { description, parameters }]) => ({
      name, description, jsonSchema: JSON.stringify(parameters), available: "enabled",
    }));
    const state = { agentName: this.agentName, state: JSON.stringify(this.state), config: "{}" };
    return {
      metadata: { requestType: "Chat" },
      frontend: { actions, url: location.href },
      threadId: this.threadId,
      runId: null,
      extensions: {},
      forwardedParameters: {},
      metaEvents: [],
      context: [],
      agentSession: { agentName: this.agentName },
      agentStates: [state],
      messages: this.messages.map(toInput).filter(Boolean),
    };
  }
}
