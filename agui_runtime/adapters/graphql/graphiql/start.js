// The page is served at the GraphQL endpoint itself, so its own path is the right one behind any proxy.
const url = location.pathname;

// GraphiQL's fetcher leaves the request open when the stop button is pressed. Hanging up is what stops a run.
async function fetcher(params, options) {
  const hangUp = new AbortController();
  const send = GraphiQL.createFetcher({
    url,
    enableIncrementalDelivery: true,
    fetch: (address, init) => fetch(address, { ...init, signal: hangUp.signal }),
  });
  const answer = await send(params, options);
  return Symbol.asyncIterator in answer ? stoppable(answer[Symbol.asyncIterator](), hangUp) : answer;
}

function stoppable(parts, hangUp) {
  const end = { done: true, value: undefined };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        return await parts.next();
      } catch (error) {
        if (hangUp.signal.aborted) return end;
        throw error;
      }
    },
    async return() {
      hangUp.abort();
      return end;
    },
  };
}

const overview = `# What is this server? (The next tab streams.)
# Ctrl+Enter runs it, Ctrl+Space completes.

query Overview {
  hello
  runtimeInfo {
    version
    runtime
    protocols
  }
  availableAgents {
    agents {
      name
      description
    }
  }
}
`;

const chat = `# Name one of your agents in the variables, or
# take agentSession out if there is a model.

mutation Chat($data: GenerateCopilotResponseInput!) {
  generateCopilotResponse(data: $data) {
    threadId
    ... on CopilotResponse @defer {
      status {
        ... on BaseResponseStatus {
          code
        }
        ... on FailedResponseStatus {
          reason
          details
        }
      }
    }
    messages @stream {
      id
      ... on TextMessageOutput {
        content @stream
      }
      ... on ActionExecutionMessageOutput {
        name
        arguments @stream
      }
      ... on AgentStateMessageOutput {
        agentName
        state
      }
    }
  }
}
`;

const chatVariables = {
  data: {
    metadata: { requestType: "Chat" },
    frontend: { actions: [] },
    agentSession: { agentName: "demo" },
    messages: [
      {
        id: "user-1",
        createdAt: "2026-01-02T03:04:05.678Z",
        textMessage: { role: "user", content: "Hello!" },
      },
    ],
  },
};

const link = new URLSearchParams(location.search);
const linked = link.get("query");

// A linked query is shown and not run: a link must not act in a reader's name. Header values are often secrets, so
// unlike queries they are not kept in the browser's storage.
const props = {
  fetcher,
  defaultQuery: overview,
  shouldPersistHeaders: false,
  defaultEditorToolsVisibility: "variables",
  ...(linked === null
    ? { defaultTabs: [{ query: overview }, { query: chat, variables: JSON.stringify(chatVariables, null, 2) }] }
    : { query: linked, variables: link.get("variables") ?? undefined }),
};

ReactDOM.createRoot(document.getElementById("graphiql")).render(React.createElement(GraphiQL, props));
