"""Agents and endpoints elsewhere, from the settings and from the host, and all catalogues as one."""

from collections.abc import Iterable

from agui_runtime.adapters.remote import HttpAgent, RemoteClient, RemoteEndpoint, RemoteTimeouts, RetryPolicy
from agui_runtime.adapters.system.catalogs import (
    AgentFactory,
    CombinedAgentCatalog,
    CombinedToolCatalog,
    FactoryAgentCatalog,
    FixedAgentCatalog,
    FixedToolCatalog,
)
from agui_runtime.application.ports import Agent, AgentCatalog, Telemetry, ToolCatalog
from agui_runtime.composition.settings import Settings
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.tools import ServerTool


def remote_client_of(settings: Settings, telemetry: Telemetry) -> RemoteClient:
    """The client that all agents and endpoints of the settings share."""
    return RemoteClient(
        private_addresses=settings.remote_private_addresses,
        retries=RetryPolicy(attempts=settings.remote_attempts),
        telemetry=telemetry,
    )


def configured_agents(settings: Settings, client: RemoteClient) -> tuple[HttpAgent, ...]:
    """The agents of ``AGUI_REMOTE_AGENTS``.

    Raises:
        ConfigurationError: a name or a URL cannot be used.
    """
    tokens = _tokens(settings)
    return tuple(
        HttpAgent(
            name,
            url,
            token=tokens.get(name),
            forward_headers=settings.forward_headers,
            timeouts=_timeouts(settings),
            client=client,
        )
        for name, url in settings.remote_agents
    )


def configured_endpoints(
    settings: Settings, client: RemoteClient, given: Iterable[RemoteEndpoint]
) -> tuple[RemoteEndpoint, ...]:
    """The host's own endpoints, then those of ``AGUI_REMOTE_ENDPOINTS``.

    Raises:
        ConfigurationError: a URL cannot be used.
    """
    tokens = _tokens(settings)
    return (
        *given,
        *(
            RemoteEndpoint(
                name,
                url,
                token=tokens.get(name),
                forward_headers=settings.forward_headers,
                timeouts=_timeouts(settings),
                client=client,
            )
            for name, url in settings.remote_endpoints
        ),
    )


def agent_catalog_of(
    agents: Iterable[Agent],
    elsewhere: Iterable[Agent],
    factory: AgentFactory | None,
    endpoints: Iterable[RemoteEndpoint],
) -> AgentCatalog:
    """All agents; where a name is there twice, the one that needs the least asking wins."""
    fixed = FixedAgentCatalog((*agents, *elsewhere))
    others = [FactoryAgentCatalog(factory)] if factory is not None else []
    remote = [endpoint.agents for endpoint in endpoints]
    return CombinedAgentCatalog([fixed, *others, *remote]) if others or remote else fixed


def tool_catalog_of(tools: Iterable[ServerTool], endpoints: Iterable[RemoteEndpoint]) -> ToolCatalog:
    """All server-side tools; the host's own win."""
    return CombinedToolCatalog([FixedToolCatalog(tools), *(endpoint.tools for endpoint in endpoints)])


def _tokens(settings: Settings) -> dict[str, str]:
    tokens = dict(settings.remote_tokens)
    known = {name for name, _ in (*settings.remote_agents, *settings.remote_endpoints)}
    unknown = sorted(tokens.keys() - known)
    if unknown:
        raise ConfigurationError(
            f"AGUI_REMOTE_TOKENS: {unknown[0]!r} is neither in AGUI_REMOTE_AGENTS nor in AGUI_REMOTE_ENDPOINTS."
        )
    return tokens


def _timeouts(settings: Settings) -> RemoteTimeouts:
    return RemoteTimeouts(
        connect=settings.remote_connect_seconds,
        first_byte=settings.remote_first_byte_seconds,
        idle=settings.remote_idle_seconds,
    )
