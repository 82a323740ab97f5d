// Messages in the page's own form, and the three forms they have on the wire.
//
// {kind: "text", id, createdAt, role, chunks, status}
// {kind: "call", id, createdAt, name, chunks, parentMessageId, status}
// {kind: "result", id, createdAt, callId, name, result}
// status: "streaming", "done", "failed" or "stopped".

/** The answer's messages in order, without agent states (those are no part of the conversation). */
export function fromOutput(outputs) {
  return outputs.filter((output) => output && output.__typename !== "AgentStateMessageOutput").map(fromOne);
}

function fromOne(output) {
  const { id, createdAt, parentMessageId } = output;
  switch (output.__typename) {
    case "TextMessageOutput":
      return { kind: "text", id, createdAt, role: output.role, chunks: output.content, status: statusOf(output) };
    case "ActionExecutionMessageOutput":
      return {
        kind: "call", id, createdAt, name: output.name, chunks: output.arguments, parentMessageId,
        status: statusOf(output),
      };
    case "ResultMessageOutput":
      return {
        kind: "result", id, createdAt, callId: output.actionExecutionId, name: output.actionName,
        result: output.result,
      };
    default:
      throw new Error(`The page knows no message of type ${output.__typename}.`);
  }
}

// A message without a status is still being written: "Pending" is never sent.
function statusOf(output) {
  return { Success: "done", Failed: "failed" }[output.status?.code] ?? "streaming";
}

/** The newest agent state of that agent in an answer, or undefined. */
export function lastAgentState(outputs, agentName) {
  const found = outputs.findLast(
    (output) => output?.__typename === "AgentStateMessageOutput" && output.agentName === agentName,
  );
  return found && { state: JSON.parse(found.state), nodeName: found.nodeName, active: found.active };
}

/** Stored messages (loadAgentState), told apart by their keys. */
export function fromHistory(stored) {
  const createdAt = new Date().toISOString();
  const messages = [];
  for (const entry of stored) {
    const base = { id: entry.id, createdAt };
    if (entry.actionExecutionId) {
      messages.push({ ...base, kind: "result", callId: entry.actionExecutionId, name: entry.actionName, result: entry.result });
    } else if (entry.arguments) {
      messages.push({
        ...base, kind: "call", name: entry.name, chunks: [JSON.stringify(entry.arguments)],
        parentMessageId: entry.parentMessageId, status: "done",
      });
    } else if (typeof entry.content === "string") {
      messages.push({ ...base, kind: "text", role: entry.role, chunks: [entry.content], status: "done" });
    }
  }
  return messages;
}

/** A message as the runtime takes it. A call that was cut while it streamed has no arguments to send: undefined. */
export function toInput(message) {
  const { id, createdAt, kind } = message;
  if (kind === "text") {
    return { id, createdAt, textMessage: { content: message.chunks.join(""), role: message.role } };
  }
  if (kind === "result") {
    const { callId, name, result } = message;
    return { id, createdAt, resultMessage: { actionExecutionId: callId, actionName: name, result } };
  }
  if (message.status !== "done") return undefined;
  const { name, chunks, parentMessageId } = message;
  return {
    id, createdAt,
    actionExecutionMessage: { name, arguments: chunks.join("") || "{}", parentMessageId: parentMessageId ?? null },
  };
}

/** A failed response's status in words. */
export function failureText(status) {
  const details = status.details ?? {};
  return details.description ?? details.guardrailsReason ?? `The run failed (${status.reason}).`;
}
