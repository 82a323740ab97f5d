"""Stores of states around a store of states: each adds one thing, and they can be stacked."""

from agui_runtime.adapters.state_decorators.cached import CachedStateStore
from agui_runtime.adapters.state_decorators.metered import MeteredStateStore
from agui_runtime.adapters.state_decorators.validated import ValidatedStateStore

__all__ = ["CachedStateStore", "MeteredStateStore", "ValidatedStateStore"]
