// A chat without React: what react-core's use-chat does around one client library, and no more.
// Requests are built, and the stream is read, with the library's own functions.

export const VERSIONS = {
  "1.10.6": { package: "client-1-10-6", threads: "client", extras: ["extensions", "config", "context"] },
  "1.9.3": { package: "client-1-9-3", threads: "client", extras: ["extensions", "config"] },
  "1.8.14": { package: "client-1-8-14", threads: "client", extras: ["extensions", "config"] },
  "1.5.20": { package: "client-1-5-20", threads: "client", extras: ["extensions"] },
  // Up to 1.4 react-core knows no thread until the server has named one.
  "1.3.15": { package: "client-1-3-15", threads: "server", extras: [] },
};

const plain = (value) => JSON.parse(JSON.stringify(value ?? null));

export class Chat {
  constructor(library, version, url, scenario) {
    this.library = library;
    this.version = VERSIONS[version];
    this.scenario = scenario;
    this.errors = [];
    this.warnings = [];
    this.messages = [];
    this.threadId = scenario.threadId ?? null;
    this.runId = null;
    this.extensions = {};
    this.pendingMetaEvents = [];
    this.agentStates = plain(scenario.agentStates ?? []);
    this.agentSession = scenario.agent ? { agentName: scenario.agent, threadId: this.threadId ?? undefined } : null;
    this.client = new library.CopilotRuntimeClient({
      url,
      publicApiKey: scenario.publicApiKey,
      headers: scenario.headers ?? {},
      handleGQLErrors: (error) => this.errors.push(...describeErrors(error)),
      handleGQLWarning: (warning) => this.warnings.push(warning),
    });
  }

  async turn(text) {
    const { TextMessage, Role } = this.library;
    this.messages.push(new TextMessage({ role: Role.User, content: text }));
    const previous = [...this.messages];
    const response = await this.complete();
    const received = response.received;
    this.messages = [...previous, ...received];
    this.keepAgentState(received);
    this.executeFrontendActions();
    return {
      ...response.report,
      messages: received.map(describeMessage),
      errors: this.errors.splice(0),
      warnings: this.warnings.splice(0),
    };
  }

  async complete() {
    const { CopilotRuntimeClient, convertGqlOutputToMessages, filterAdjacentAgentStateMessages } = this.library;
    const abort = new AbortController();
    const source = this.client.generateCopilotResponse({
      data: this.request(),
      properties: this.scenario.properties ?? {},
      signal: abort.signal,
    });
    const stream = this.client.asStream
      ? this.client.asStream(source)
      : CopilotRuntimeClient.asStream(this.tapped(source));
    const reader = stream.getReader();
    const report = { threadId: null, runId: null, extensions: null, status: null, metaEvents: [], updates: 0, aborted: false, streamError: null };
    let received = [];
    for (;;) {
      let step;
      try {
        step = await reader.read();
      } catch (error) {
        report.streamError = String(error?.message ?? error);
        break;
      }
      if (step.done) break;
      const response = step.value?.generateCopilotResponse;
      if (!response) continue;
      report.updates += 1;
      this.takeSession(response);
      Object.assign(report, {
        threadId: response.threadId,
        runId: response.runId ?? null,
        extensions: withoutTypename(plain(response.extensions)),
        status: withoutTypename(plain(response.status)),
        metaEvents: withoutTypename(plain(response.metaEvents ?? [])),
      });
      // Unlike use-chat, a failed status does not end the reading: the statuses behind it are part of what is tested.
      received = convertGqlOutputToMessages(filterAdjacentAgentStateMessages(response.messages));
      if (this.scenario.stopAfter && report.updates >= this.scenario.stopAfter && !report.aborted) {
        report.aborted = true;
        // As react-core's stop() of each line does it.
        abort.abort(...(this.version.threads === "client" ? ["Stop was called"] : []));
      }
    }
    return { report, received };
  }

  request() {
    const { convertMessagesToGqlInput, filterAgentStateMessages } = this.library;
    const extras = this.version.extras;
    const modern = extras.length > 0;
    const actions = (this.scenario.actions ?? []).map(({ name, description, jsonSchema, available }) => ({
      name,
      description: description ?? "",
      jsonSchema: JSON.stringify(jsonSchema ?? { type: "object", properties: {}, required: [] }),
      ...(modern ? { available: available ?? "enabled" } : {}),
    }));
    const data = {
      frontend: { actions, url: "http://localhost:3000/page" },
      threadId: this.threadId,
      runId: this.runId,
      messages: convertMessagesToGqlInput(filterAgentStateMessages(this.messages)),
      metadata: { requestType: this.scenario.requestType ?? "Chat" },
      ...(this.agentSession ? { agentSession: this.agentSession } : {}),
      ...(this.scenario.cloud ? { cloud: this.scenario.cloud } : {}),
      agentStates: this.agentStates.map(({ agentName, state, config }) => ({
        agentName,
        state: JSON.stringify(state),
        ...(config !== undefined && extras.includes("config") ? { config: JSON.stringify(config) } : {}),
      })),
    };
    if (modern) {
      data.extensions = this.extensions;
      data.metaEvents = this.pendingMetaEvents.splice(0);
      data.forwardedParameters = this.scenario.forwardedParameters ?? {};
    }
    if (extras.includes("context")) data.context = this.scenario.context ?? [];
    return data;
  }

  takeSession(response) {
    if (this.version.threads === "server") this.threadId = response.threadId || null;
    this.runId = response.runId || null;
    this.extensions = withoutTypename(plain(response.extensions)) ?? {};
    for (const event of response.metaEvents ?? []) {
      if (event.name === "LangGraphInterruptEvent" && this.scenario.interruptResponse !== undefined) {
        this.pendingMetaEvents = [{ name: event.name, value: event.value, response: this.scenario.interruptResponse }];
      }
    }
  }

  keepAgentState(received) {
    const last = received.findLast((message) => message.isAgentStateMessage());
    if (!last) return;
    const config = this.agentStates.find((state) => state.agentName === last.agentName)?.config;
    this.agentStates = [
      ...this.agentStates.filter((state) => state.agentName !== last.agentName),
      { agentName: last.agentName, state: last.state, config },
    ];
    this.agentSession = last.running
      ? { threadId: last.threadId, agentName: last.agentName, nodeName: last.nodeName }
      : null;
  }

  // The actions of a scenario are apps' actions with followUp: false. A scenario picks its answer from the last user
  // text, so a follow-up would ask the same again for ever.
  executeFrontendActions() {
    const { ResultMessage } = this.library;
    for (const message of [...this.messages]) {
      if (!message.isActionExecutionMessage() || message.status.code === "Pending") continue;
      // 1.3 runs what the server marked as the client's; the later ones what is at the end of the list.
      if (this.version.threads === "server" && message.scope !== "client") continue;
      if (this.messages.some((other) => other.isResultMessage() && other.actionExecutionId === message.id)) continue;
      const action = (this.scenario.actions ?? []).find((candidate) => candidate.name === message.name);
      if (!action || action.result === undefined) continue;
      const result = new ResultMessage({
        result: ResultMessage.encodeResult(action.result),
        actionExecutionId: message.id,
        actionName: message.name,
      });
      this.messages.splice(this.messages.indexOf(message) + 1, 0, result);
    }
  }

  // 1.3's stream hides errors; its urql result has them.
  tapped(source) {
    return {
      subscribe: (listener) =>
        source.subscribe((result) => {
          if (result.error) this.errors.push(...describeErrors(result.error));
          listener(result);
        }),
    };
  }
}

export function describeErrors(error) {
  const graphQLErrors = error?.graphQLErrors ?? [];
  if (graphQLErrors.length === 0) {
    return [{ message: String(error?.message ?? error), code: null, visibility: null, shown: String(error?.message ?? error) }];
  }
  return graphQLErrors.map(({ message, extensions }) => ({
    message,
    code: extensions?.code ?? null,
    visibility: extensions?.visibility ?? null,
    // What people see: react-core prefers the original text.
    shown: extensions?.originalError?.message ?? message,
  }));
}

export function describeMessage(message) {
  const described = plain(message);
  delete described.createdAt;
  if (described.status) delete described.status.__typename;
  return described;
}

function withoutTypename(value) {
  if (Array.isArray(value)) return value.map(withoutTypename);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "__typename")
      .map(([key, item]) => [key, withoutTypename(item)]),
  );
}
