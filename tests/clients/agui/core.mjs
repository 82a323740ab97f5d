// CopilotKitCore: discovery, frontend tools, follow-up runs, stop and connect, as under every React frontend.
import { randomUUID } from "node:crypto";

import { CopilotKitCore } from "@copilotkit/core";
import { z } from "zod";

import { answers, asked, texts } from "./events.mjs";

// Without a window it takes itself to be rendered on a server, and asks the runtime nothing.
globalThis.window ??= globalThis;

const PARAMETERS = z.object({ color: z.string().optional() });

export class CoreClient {
  constructor(url, scenario) {
    this.url = url;
    this.scenario = scenario;
    this.errors = [];
    this.calls = [];
  }

  get messages() {
    return this.agent?.messages ?? [];
  }

  get state() {
    return this.agent?.state ?? null;
  }

  async take(step) {
    if ("wait" in step) return void (await new Promise((resolve) => setTimeout(resolve, step.wait)));
    if ("open" in step) this.agent = undefined;
    if (!this.agent) await this.#start();
    const events = [];
    const onEvent = ({ event }) => {
      events.push(event);
      if (step.stopAfter && texts(events) === step.stopAfter) this.core.stopAgent({ agent: this.agent });
    };
    const { unsubscribe } = this.agent.subscribe({ onEvent });
    const error = await this.#act(step).then(() => null, (reason) => String(reason?.message ?? reason));
    unsubscribe();
    this.asked = asked(events);
    return { events, error };
  }

  async #start() {
    const { threadId, agent = "default", transport = "auto", headers = {}, state } = this.scenario;
    this.core = new CopilotKitCore({ runtimeUrl: this.url, runtimeTransport: transport, headers, tools: [this.#tool()] });
    this.core.subscribe({ onError: ({ code, error }) => void this.errors.push({ code, message: String(error?.message ?? error) }) });
    const deadline = Date.now() + 10_000;
    while (!this.core.getAgent(agent) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    this.agent = this.core.getAgent(agent);
    if (!this.agent) throw new Error(`the runtime offers no agent ${agent}: ${JSON.stringify(this.errors)}`);
    this.agent.threadId = threadId;
    if (state) this.agent.setState(state);
  }

  #tool() {
    return {
      name: "setColor",
      description: "set colour",
      parameters: PARAMETERS,
      handler: async ({ color }) => `color=${color}`,
    };
  }

  async #act(step) {
    if ("open" in step) return this.core.connectAgent({ agent: this.agent });
    if ("say" in step) this.agent.addMessage({ id: randomUUID(), role: "user", content: step.say });
    const forwardedProps = "command" in step ? { command: step.command } : step.forwardedProps;
    const resume = "answer" in step ? answers(this.asked, step.answer) : undefined;
    return this.core.runAgent({ agent: this.agent, resume, forwardedProps });
  }
}
