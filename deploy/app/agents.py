"""The agents that compose.yaml serves. Put yours here."""

from collections.abc import AsyncGenerator

from agui_runtime import CopilotRuntime, FunctionAgent, RunInput
from agui_runtime.domain.messages import last_user_text


async def helper(run_input: RunInput) -> AsyncGenerator[str]:
    """Answers with what it was asked."""
    yield f"You said: {last_user_text(run_input.messages)}"


container = CopilotRuntime(agents=[FunctionAgent(helper)]).container
