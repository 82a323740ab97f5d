"""The Python runtime behind CopilotKit frontends.

What a host needs; everything else lives in ``domain``, ``application``, ``adapters`` and ``composition``.
"""

from agui_runtime._version import __version__
from agui_runtime.adapters.remote import HttpAgent
from agui_runtime.adapters.scripted import FunctionAgent
from agui_runtime.application.model_agent import ModelAgent
from agui_runtime.application.ports import Agent, LanguageModel
from agui_runtime.application.values import AgentDescription, AgentRun, ModelRequest, ModelRun, RunContext
from agui_runtime.composition.app import create_app, mount
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.runtime import CopilotRuntime, StoredState, StoredStateSummary
from agui_runtime.composition.server import run_app
from agui_runtime.composition.settings import Settings
from agui_runtime.domain.runs import RunInput
from agui_runtime.domain.tools import ServerTool, Tool

__all__ = [
    "Agent",
    "AgentDescription",
    "AgentRun",
    "CopilotRuntime",
    "FunctionAgent",
    "HttpAgent",
    "LanguageModel",
    "ModelAgent",
    "ModelRequest",
    "ModelRun",
    "RunContext",
    "RunInput",
    "RuntimeContainer",
    "ServerTool",
    "Settings",
    "StoredState",
    "StoredStateSummary",
    "Tool",
    "__version__",
    "create_app",
    "mount",
    "run_app",
]
