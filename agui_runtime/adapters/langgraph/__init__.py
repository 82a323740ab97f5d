"""LangGraph graphs as agents. Needs the extra ``langgraph``; importing it without raises ``ConfigurationError``."""

from agui_runtime.adapters.langgraph.agent import LangGraphAgent

__all__ = ["LangGraphAgent"]
