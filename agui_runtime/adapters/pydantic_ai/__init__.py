"""Pydantic AI agents as agents. Needs the extra ``pydantic-ai``; importing it without raises ``ConfigurationError``."""

from agui_runtime.adapters.pydantic_ai.agent import PydanticAIAgent

__all__ = ["PydanticAIAgent"]
