// HttpAgent: one POST a run, to the agent's own path.
import { randomUUID } from "node:crypto";

import { answers, asked, texts } from "./events.mjs";

export class HttpClient {
  static async of(version, url, scenario) {
    const library = await import(`client-${version.replaceAll(".", "-")}`);
    return new HttpClient(library, url, scenario);
  }

  constructor({ HttpAgent }, url, { threadId, agent = "default", headers = {}, state = {} }) {
    this.errors = [];
    this.agent = new HttpAgent({ url: `${url}/agent/${agent}/run`, threadId, headers, initialState: state });
  }

  get messages() {
    return this.agent.messages;
  }

  get state() {
    return this.agent.state;
  }

  async take(step) {
    if ("wait" in step) return void (await new Promise((resolve) => setTimeout(resolve, step.wait)));
    if ("say" in step) this.agent.addMessage({ id: randomUUID(), role: "user", content: step.say });
    const events = [];
    const parameters = { tools: [], context: [], forwardedProps: step.forwardedProps ?? {} };
    if ("answer" in step) parameters.resume = answers(this.asked, step.answer);
    if ("command" in step) parameters.forwardedProps = { command: step.command };
    const watcher = {
      onEvent: ({ event }) => {
        events.push(event);
        if (step.stopAfter && texts(events) === step.stopAfter) this.agent.abortRun();
      },
      onRunFailed: ({ error }) => void this.errors.push(String(error.message)),
    };
    const error = await this.agent.runAgent(parameters, watcher).then(() => null, (reason) => String(reason.message));
    this.asked = asked(events);
    return { events, error };
  }
}
