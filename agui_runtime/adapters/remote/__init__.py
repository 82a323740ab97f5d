"""Agents that run elsewhere: over AG-UI's HTTP transport (contract agui §1), or behind CopilotKit's remote endpoint."""

from agui_runtime.adapters.remote.agent import HttpAgent
from agui_runtime.adapters.remote.breaker import BreakerPolicy, BreakerState, EndpointHealth
from agui_runtime.adapters.remote.client import RemoteClient
from agui_runtime.adapters.remote.credentials import environment_token
from agui_runtime.adapters.remote.endpoint import EndpointStatus, RemoteEndpoint
from agui_runtime.adapters.remote.retries import RetryPolicy
from agui_runtime.adapters.remote.timeouts import RemoteTimeouts

__all__ = [
    "BreakerPolicy",
    "BreakerState",
    "EndpointHealth",
    "EndpointStatus",
    "HttpAgent",
    "RemoteClient",
    "RemoteEndpoint",
    "RemoteTimeouts",
    "RetryPolicy",
    "environment_token",
]
