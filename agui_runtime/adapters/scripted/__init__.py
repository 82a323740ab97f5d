"""Offline, deterministic agents and models: scripts instead of intelligence, and plain functions as agents."""

from agui_runtime.adapters.scripted.agent import AgentScript, ScriptedAgent
from agui_runtime.adapters.scripted.builders import call, chunks, say
from agui_runtime.adapters.scripted.function_agent import AgentFunction, FunctionAgent
from agui_runtime.adapters.scripted.model import ModelReply, ModelScript, ScriptedModel

__all__ = [
    "AgentFunction",
    "AgentScript",
    "FunctionAgent",
    "ModelReply",
    "ModelScript",
    "ScriptedAgent",
    "ScriptedModel",
    "call",
    "chunks",
    "say",
]
