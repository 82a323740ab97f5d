// Draws messages and the agent's state. Elements are kept by id, so that a new chunk touches nothing but its own text.

/** An element with a class, text and children. */
export function make(tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

const ENDINGS = { failed: "broken off", stopped: "stopped" };

export class MessageList {
  #items = new Map();

  /** list: the `<ol>`; isLocal(name): whether a tool runs in this page. */
  constructor(list, isLocal) {
    this.list = list;
    this.isLocal = isLocal;
  }

  draw(messages) {
    const items = new Map();
    for (const message of messages) {
      if (message.kind === "result" && hasCall(messages, message)) continue;
      // An agent may use an id again in a later run: the second of that id is another message.
      let key = message.id;
      while (items.has(key)) key += "+";
      const item = this.#items.get(key) ?? this.#make(message);
      items.set(key, item);
      if (message.kind === "text") drawText(item, message);
      else if (message.kind === "call") drawCall(item, message, resultOf(messages, message));
      else drawResult(item, message);
    }
    for (const [key, item] of this.#items) if (items.get(key) !== item) item.remove();
    this.#items = items;
    [...items.values()].forEach((item, index) => {
      if (this.list.children[index] !== item) this.list.insertBefore(item, this.list.children[index] ?? null);
    });
  }

  #make(message) {
    return message.kind === "text" ? textItem(message) : toolItem(message, this.isLocal(message.name));
  }
}

function textItem(message) {
  const speaker = message.role === "user" ? "You" : "Agent";
  return make("li", `message ${message.role}`, make("span", "unseen", `${speaker}: `), make("div", "body"));
}

function toolItem(message, local) {
  const where = local ? "runs in this page" : "runs on the server";
  const head = make("p", "head", make("code", "name", message.name), make("span", "where", where));
  const item = make("li", "tool", head, make("code", "arguments body"), make("p", "result"));
  item.classList.add(local ? "local" : "remote");
  return item;
}

function drawText(item, message) {
  drawChunks(item.querySelector(".body"), message.chunks);
  drawStatus(item, message.status);
}

function drawCall(item, message, result) {
  drawChunks(item.querySelector(".body"), message.chunks);
  drawStatus(item, message.status);
  if (result) item.querySelector(".result").textContent = result.result || "done, and it had nothing to say";
}

function drawResult(item, message) {
  item.querySelector(".result").textContent = message.result;
}

// Chunks only ever grow at the end: what is drawn stays, and each new one can be seen arriving.
function drawChunks(body, chunks) {
  for (const chunk of chunks.slice(body.childElementCount)) body.append(make("span", "chunk", chunk));
}

function drawStatus(item, status) {
  item.classList.toggle("streaming", status === "streaming");
  item.setAttribute("aria-busy", String(status === "streaming"));
  if (ENDINGS[status] && !item.querySelector(".ending")) item.append(make("p", "ending", ENDINGS[status]));
}

function resultOf(messages, call) {
  const behind = messages.slice(messages.indexOf(call));
  return behind.find((message) => message.kind === "result" && message.callId === call.id);
}

function hasCall(messages, result) {
  return messages.some((message) => message.kind === "call" && message.id === result.callId);
}

/** Draws the state: its tasks as a list that can be ticked, its other plain values, and all of it as JSON. */
export class StateView {
  #drawn = "";

  /** onTick(index, done): the person ticked a task. */
  constructor({ summary, json, node }, onTick) {
    Object.assign(this, { summary, json, node, onTick });
  }

  draw(state, nodeName) {
    this.node.hidden = !nodeName;
    this.node.textContent = nodeName;
    const text = pretty(state);
    if (text === this.#drawn) return;
    this.#drawn = text;
    this.json.textContent = text;
    // A redrawn box would lose the keyboard's place.
    const focused = document.activeElement?.dataset?.task;
    this.summary.replaceChildren(...this.#summaryOf(state));
    if (focused !== undefined) this.summary.querySelector(`[data-task="${focused}"]`)?.focus();
  }

  #summaryOf(state) {
    const tasks = Array.isArray(state.tasks) ? state.tasks : [];
    const plain = Object.entries(state).filter(([, value]) => typeof value !== "object");
    if (!tasks.length && !plain.length) {
      return [make("p", "hint", "Nothing yet. It fills as the agent works, and is kept with the thread.")];
    }
    const parts = [];
    if (plain.length) {
      const rows = plain.map(([key, value]) => make("div", "", make("dt", "", key), make("dd", "", String(value))));
      parts.push(make("dl", "values", ...rows));
    }
    if (tasks.length) {
      const done = tasks.filter((task) => task.done).length;
      const meter = make("progress");
      Object.assign(meter, { max: tasks.length, value: done });
      meter.setAttribute("aria-label", `${done} of ${tasks.length} tasks done`);
      parts.push(meter, make("ol", "tasks", ...tasks.map((task, index) => this.#task(task, index))));
    }
    return parts;
  }

  #task(task, index) {
    const box = make("input");
    Object.assign(box, { type: "checkbox", checked: task.done === true });
    box.dataset.task = index;
    box.addEventListener("change", () => this.onTick(index, box.checked));
    return make("li", "", make("label", "", box, make("span", "", String(task.title))));
  }
}

// A line per value and per item of a list: whole, and short enough to be watched.
function pretty(state) {
  const lines = Object.entries(state).map(([key, value]) => {
    const items = Array.isArray(value) && value.length ? value.map((item) => `\n    ${JSON.stringify(item)}`) : null;
    return `\n  ${JSON.stringify(key)}: ${items ? `[${items}\n  ]` : JSON.stringify(value)}`;
  });
  return lines.length ? `{${lines}\n}` : "{}";
}
