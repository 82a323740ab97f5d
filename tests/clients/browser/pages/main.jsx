// ?frontend=NAME&runtimeUrl=URL[&agent=…][&threadId=…][&single=1]: a page on one release of the frontend.
import { createRoot } from "react-dom/client";

const FRONTENDS = {
  "1.74.0-v2": () => import("../releases/1.74.0/v2.jsx"),
  "1.74.0-v1": () => import("../releases/1.74.0/v1.jsx"),
  "1.50.0-v2": () => import("../releases/1.50.0/v2.jsx"),
  "1.50.0-v1": () => import("../releases/1.50.0/v1.jsx"),
  "1.10.6-v1": () => import("../releases/1.10.6/v1.jsx"),
};

const query = new URLSearchParams(window.location.search);
const options = {
  runtimeUrl: query.get("runtimeUrl"),
  agent: query.get("agent") ?? "default",
  threadId: query.get("threadId") ?? undefined,
  single: query.has("single"),
};

window.addEventListener("error", (event) => (window.pageErrors ??= []).push(String(event.message)));
window.addEventListener("unhandledrejection", (event) => (window.pageErrors ??= []).push(String(event.reason)));

const { Page } = await FRONTENDS[query.get("frontend")]();
createRoot(document.getElementById("root")).render(<Page {...options} />);
