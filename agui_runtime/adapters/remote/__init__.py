"""Agents that run elsewhere and answer over AG-UI's HTTP transport (contract agui §1)."""

from agui_runtime.adapters.remote.agent import HttpAgent, RemoteTimeouts

__all__ = ["HttpAgent", "RemoteTimeouts"]
