"""CopilotKit's remote endpoint: actions and agents of its Python SDK (contract graphql §6 "Remote endpoint path")."""

from agui_runtime.adapters.remote.copilotkit.agent import CopilotKitAgent
from agui_runtime.adapters.remote.copilotkit.api import EndpointApi
from agui_runtime.adapters.remote.copilotkit.tools import remote_tools

__all__ = ["CopilotKitAgent", "EndpointApi", "remote_tools"]
