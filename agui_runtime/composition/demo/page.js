// The demo page: one conversation, its controls and its inspector.

import { Conversation, newId } from "./conversation.js";
import { MessageList, StateView, make } from "./view.js";
import { Wire } from "./wire.js";

const SUGGESTIONS = [
  ["Plan a picnic", "State that grows while it talks"],
  ["Colour teal", "A tool that runs in this page"],
  ["Roll 3 dice", "A tool that runs on the server"],
  ["Fail, please", "What errors look like"],
];
const OFFERED_TURNS = 5;

const $ = (id) => document.getElementById(id);
const { runtimeUrl, agent } = document.body.dataset;
const wire = new Wire(
  $("strip"),
  { parts: $("parts"), entries: $("entries"), first: $("first"), requests: $("requests") },
  $("pace"),
);

const tools = {
  setAccentColor: {
    description: "Sets the accent colour of the page.",
    parameters: {
      type: "object",
      properties: { color: { type: "string", description: "A CSS colour, such as teal or #b3261e" } },
      required: ["color"],
    },
    run: ({ color }) => (setAccent(color) ? `The accent colour is now ${color}.` : `I know no opaque colour “${color}”.`),
  },
};

const list = new MessageList($("messages"), (name) => name in tools);
const stateView = new StateView({ summary: $("state"), json: $("json"), node: $("node") }, tick);
let conversation;
let announced = null;

function open(threadId) {
  localStorage.setItem("thread", threadId);
  conversation?.stop();
  const mine = new Conversation({
    url: runtimeUrl, agentName: agent, threadId, tools,
    // A conversation that was left may still have something to say; nobody listens any more.
    onChange: () => mine === conversation && draw(),
    onEntries: (entries) => mine === conversation && wire.take(entries),
  });
  conversation = mine;
  announced = null;
  wire.begin();
  draw();
}

function draw() {
  const { messages, busy, notice, threadId } = conversation;
  const follow = isAtEnd();
  list.draw(messages);
  stateView.draw(conversation.state, conversation.nodeName);
  $("thread").textContent = threadId;
  $("thread").title = threadId;
  $("welcome").hidden = messages.length > 0;
  $("suggestions").hidden = conversation.userTurns >= OFFERED_TURNS;
  document.body.classList.toggle("fresh", messages.length === 0);
  document.body.classList.toggle("busy", busy);
  $("messages").classList.toggle("waiting", busy && messages.at(-1)?.role === "user");
  $("send").hidden = busy;
  $("stop").hidden = !busy;
  $("notice").hidden = !notice;
  $("notice").className = `notice ${notice?.kind ?? ""}`;
  if ($("notice").textContent !== (notice?.text ?? "")) $("notice").textContent = notice?.text ?? "";
  announce(messages, busy);
  if (follow) $("scroll").scrollTop = $("scroll").scrollHeight;
}

// Chunk by chunk is for the eyes; a screen reader is told a message when it is whole.
function announce(messages, busy) {
  const last = messages.at(-1);
  if (busy || !last || last.role === "user" || last.kind !== "text" || last.id === announced) return;
  announced = last.id;
  $("announce").textContent = last.chunks.join("");
}

function isAtEnd() {
  const { scrollTop, clientHeight, scrollHeight } = $("scroll");
  return scrollHeight - scrollTop - clientHeight < 80;
}

async function say(text) {
  if (!text.trim() || conversation.busy) return;
  $("text").value = "";
  grow();
  $("scroll").scrollTop = $("scroll").scrollHeight;
  wire.begin();
  await conversation.send(text.trim());
}

function tick(index, done) {
  const tasks = conversation.state.tasks.map((task, at) => (at === index ? { ...task, done } : task));
  conversation.setState({ ...conversation.state, tasks });
}

function setAccent(color) {
  const bytes = paint(color);
  if (!bytes) return false;
  const root = document.documentElement;
  root.style.setProperty("--chosen", `rgb(${bytes.join(" ")})`);
  root.style.setProperty("--on-accent", luminance(bytes) > 0.3 ? "#10201a" : "#fff");
  localStorage.setItem("accent", color);
  return true;
}

// Red, green and blue of an opaque CSS colour, as a canvas paints it; null for anything else. A canvas ignores what is
// no colour, `inherit` and `var()` among it, which leaves the transparent paint it was given before.
function paint(color) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const brush = canvas.getContext("2d");
  brush.fillStyle = "transparent";
  brush.fillStyle = color;
  brush.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = brush.getImageData(0, 0, 1, 1).data;
  return alpha === 255 ? [red, green, blue] : null;
}

// Relative luminance (WCAG 2): it decides between dark and white text.
function luminance(bytes) {
  const [red, green, blue] = bytes.map((byte) => {
    const part = byte / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function grow() {
  const box = $("text");
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

async function copySnippet() {
  try {
    await navigator.clipboard.writeText($("snippet").textContent);
    $("copy").textContent = "Copied";
  } catch {
    // Without a secure context there is no clipboard; the marked text is one key press away.
    getSelection().selectAllChildren($("snippet"));
    $("copy").textContent = "Press Ctrl+C";
  }
  setTimeout(() => ($("copy").textContent = "Copy"), 2000);
}

function showPane(pane) {
  document.body.dataset.pane = pane;
  $("panes").textContent = pane === "chat" ? "Inspect" : "Chat";
  $("panes").setAttribute("aria-expanded", String(pane !== "chat"));
}

$("suggestions").append(
  ...SUGGESTIONS.map(([text, about]) => {
    const chip = make("button", "chip", make("b", "", text), make("span", "", about));
    chip.type = "button";
    chip.addEventListener("click", () => say(text));
    return make("li", "", chip);
  }),
);
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  say($("text").value);
});
$("text").addEventListener("input", grow);
$("text").addEventListener("keydown", (event) => {
  // While an input method composes a word, Enter accepts the word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  say($("text").value);
});
$("stop").addEventListener("click", () => {
  conversation.stop();
  $("text").focus();
});
$("fresh").addEventListener("click", () => {
  localStorage.removeItem("accent");
  document.documentElement.removeAttribute("style");
  open(newId("demo"));
  showPane("chat");
  $("text").focus();
});
$("panes").addEventListener("click", () => showPane(document.body.dataset.pane === "chat" ? "inspector" : "chat"));
$("copy").addEventListener("click", copySnippet);

$("snippet").textContent =
  `<CopilotKit\n  runtimeUrl="${new URL(runtimeUrl, location.origin)}"\n  agent="${agent}"\n>`;
const accent = localStorage.getItem("accent");
if (accent) setAccent(accent);
const known = localStorage.getItem("thread");
open(known ?? newId("demo"));
if (known) await conversation.load();
$("scroll").scrollTop = $("scroll").scrollHeight;
