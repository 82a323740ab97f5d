// The page is served at the GraphQL endpoint itself, so its own path is the right one behind any proxy.
const fetcher = GraphiQL.createFetcher({ url: location.pathname, enableIncrementalDelivery: true });

const overview = `# The overview asks what this server is. The tab "Chat" streams an answer.
# Ctrl+Enter (Cmd+Enter) runs the query, Ctrl+Space completes names.

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

const chat = `# What CopilotKit's chat sends. Put the name of one of your agents into the variables,
# or take "agentSession" out if the server has a model.

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
