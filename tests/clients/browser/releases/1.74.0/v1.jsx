import { CopilotKit, useCoAgent, useCopilotAction, useLangGraphInterrupt } from "@copilotkit/react-core";
import { CopilotChat } from "@copilotkit/react-ui";
import "@copilotkit/react-ui/styles.css";

import { v1Page } from "../../pages/v1.jsx";

export const Page = v1Page({ CopilotKit, CopilotChat, useCoAgent, useCopilotAction, useLangGraphInterrupt });
