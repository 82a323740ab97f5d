// Shows the answer's parts as they come: one tick per entry, coloured by what it carries, and a few figures.

import { make } from "./view.js";

const SHOWN = 240;

export class Wire {
  #totals = { parts: 0, entries: 0, requests: 0, first: null };
  #asked = 0;

  /** strip: where the ticks go; figures: `{parts, entries, first, requests}` elements; pace: one line for all of it. */
  constructor(strip, figures, pace) {
    Object.assign(this, { strip, figures, pace });
  }

  /** A message was sent: everything is counted anew. */
  begin() {
    this.#totals = { parts: 0, entries: 0, requests: 0, first: null };
    this.strip.replaceChildren();
    this.#draw();
  }

  /** A part's entries, or null when a request goes out. */
  take(entries) {
    const totals = this.#totals;
    if (entries === null) {
      totals.requests += 1;
      this.#asked = performance.now();
      if (totals.requests > 1) this.strip.append(make("i", "again"));
    } else {
      totals.parts += 1;
      totals.entries += entries.length;
      if (entries.length && totals.first === null) totals.first = performance.now() - this.#asked;
      this.strip.append(...entries.map((entry) => make("i", kindOf(entry))));
    }
    while (this.strip.childElementCount > SHOWN) this.strip.firstElementChild.remove();
    this.#draw();
  }

  #draw() {
    const { parts, entries, requests, first } = this.#totals;
    const milliseconds = first === null ? "–" : `${Math.max(1, Math.round(first))} ms`;
    this.figures.parts.textContent = parts || "–";
    this.figures.entries.textContent = entries || "–";
    this.figures.requests.textContent = requests || "–";
    this.figures.first.textContent = milliseconds;
    this.pace.textContent = parts ? `${parts} parts, first entry after ${milliseconds}` : "";
  }
}

function kindOf(entry) {
  if (entry.data) return "wire-status";
  const [item] = entry.items ?? [];
  const field = entry.path.at(-2);
  if (field === "content") return "wire-text";
  if (field === "arguments") return "wire-tool";
  return { TextMessageOutput: "wire-text opening", AgentStateMessageOutput: "wire-state" }[item?.__typename] ?? "wire-tool opening";
}
