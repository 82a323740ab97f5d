import { CopilotChat, CopilotKitProvider, useAgent, useFrontendTool, useInterrupt } from "@copilotkit/react-core/v2";
import "@copilotkit/react-core/v2/styles.css";

import { v2Page } from "../../pages/v2.jsx";

export const Page = v2Page({ CopilotKitProvider, CopilotChat, useAgent, useFrontendTool, useInterrupt });
