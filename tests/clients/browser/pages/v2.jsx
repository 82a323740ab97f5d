// The v2 API: <CopilotKitProvider> and <CopilotChat>, with one tool, the agent's state, and its question.
import { useState } from "react";
import { z } from "zod";

import { Panel, Question } from "./panel.jsx";

const THREADS = ["thread-a", "thread-b"];
const PARAMETERS = z.object({ color: z.string().optional() });

function NoQuestions() {
  return null;
}

export function v2Page({ CopilotKitProvider, CopilotChat, useAgent, useFrontendTool, useInterrupt }) {
  function Questions() {
    useInterrupt({
      render: ({ interrupt, event, resolve }) => (
        <Question text={interrupt?.message ?? JSON.stringify(event?.value)} onAnswer={resolve} />
      ),
    });
    return null;
  }
  const Interrupts = useInterrupt ? Questions : NoQuestions;

  function Chat({ agent: agentId, threadId, onThread }) {
    const [color, setColor] = useState("none");
    const { agent } = useAgent({ agentId });
    useFrontendTool({
      name: "setColor",
      description: "Set the colour",
      parameters: PARAMETERS,
      handler: async ({ color: chosen }) => {
        setColor(chosen);
        return `color=${chosen}`;
      },
    });
    return (
      <main>
        <section>
          <CopilotChat agentId={agentId} threadId={threadId} />
        </section>
        <Panel state={agent?.state} color={color} threadId={threadId} threads={THREADS} onThread={onThread}>
          <Interrupts />
        </Panel>
      </main>
    );
  }

  return function Page({ runtimeUrl, agent, threadId, single }) {
    const [thread, setThread] = useState(threadId);
    return (
      <CopilotKitProvider runtimeUrl={runtimeUrl} {...(single ? { useSingleEndpoint: true } : {})}>
        <Chat agent={agent} threadId={thread} onThread={setThread} />
      </CopilotKitProvider>
    );
  };
}
