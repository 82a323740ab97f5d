// This release has no useInterrupt in its v2 API.
import { CopilotChat, CopilotKitProvider, useAgent, useFrontendTool } from "@copilotkit/react-core/v2";
import "@copilotkit/react-core/v2/styles.css";

import { v2Page } from "../../pages/v2.jsx";

export const Page = v2Page({ CopilotKitProvider, CopilotChat, useAgent, useFrontendTool });
