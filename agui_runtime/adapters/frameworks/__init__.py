"""What agents of other frameworks in this process have in common: they speak through the ``ag_ui`` library."""

from agui_runtime.adapters.frameworks.bridge import agent_input, domain_events, missing_extra

__all__ = ["agent_input", "domain_events", "missing_extra"]
