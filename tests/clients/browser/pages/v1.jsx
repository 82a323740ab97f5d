// The v1-compatible API: <CopilotKit>, with one tool, the agent's state, and its question.
import { useState } from "react";

import { Panel, Question } from "./panel.jsx";

const THREADS = ["thread-a", "thread-b"];

export function v1Page({ CopilotKit, CopilotChat, useCoAgent, useCopilotAction, useLangGraphInterrupt }) {
  function Chat({ agent, threadId, onThread }) {
    const [color, setColor] = useState("none");
    const { state } = useCoAgent({ name: agent, initialState: {} });
    useCopilotAction({
      name: "setColor",
      description: "Set the colour",
      parameters: [{ name: "color", type: "string" }],
      handler: async ({ color: chosen }) => {
        setColor(chosen);
        return `color=${chosen}`;
      },
    });
    useLangGraphInterrupt({
      render: ({ event, resolve }) => <Question text={JSON.stringify(event.value)} onAnswer={resolve} />,
    });
    return (
      <main>
        <section>
          <CopilotChat />
        </section>
        <Panel state={state} color={color} threadId={threadId} threads={THREADS} onThread={onThread} />
      </main>
    );
  }

  return function Page({ runtimeUrl, agent, threadId }) {
    const [thread, setThread] = useState(threadId);
    return (
      <CopilotKit runtimeUrl={runtimeUrl} agent={agent} threadId={thread} showDevConsole={false}>
        <Chat agent={agent} threadId={thread} onThread={setThread} />
      </CopilotKit>
    );
  };
}
