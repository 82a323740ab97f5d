// What the page knows beside the chat: the agent's state, its questions, the tool's colour, the thread.
export function Panel({ state, color, threadId, threads, onThread, children }) {
  return (
    <aside>
      <h3>State</h3>
      <pre id="state">{JSON.stringify(state ?? null)}</pre>
      <h3>Colour</h3>
      <pre id="color">{color}</pre>
      <h3>Thread</h3>
      <pre id="thread">{threadId}</pre>
      {threads?.map((name) => (
        <button key={name} id={`open-${name}`} type="button" onClick={() => onThread(name)}>
          {name}
        </button>
      ))}
      {children}
    </aside>
  );
}

// An interrupt as a person answers it.
export function Question({ text, onAnswer }) {
  return (
    <div id="question">
      <span>{text}</span>
      <button id="approve" type="button" onClick={() => onAnswer({ approved: true })}>
        Approve
      </button>
    </div>
  );
}
