"""The module name under which existing code imports the runtime."""

from agui_runtime.composition.runtime import CopilotRuntime, StoredState, StoredStateSummary

__all__ = ["CopilotRuntime", "StoredState", "StoredStateSummary"]
