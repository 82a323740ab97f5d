// The questions that a run ended with, and one answer to all of them.
export function asked(events) {
  const last = events.findLast((event) => event.type === "RUN_FINISHED");
  return last?.outcome?.interrupts ?? [];
}

export function answers(interrupts, { status = "resolved", payload }) {
  return interrupts.map(({ id }) => ({ interruptId: id, status, payload }));
}

// How many pieces of text have arrived.
export function texts(events) {
  return events.filter((event) => event.type === "TEXT_MESSAGE_CONTENT").length;
}
