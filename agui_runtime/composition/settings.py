"""Settings from the environment: one frozen class, prefix ``AGUI_``; an unknown or bad value fails at start."""

import difflib
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, cast

import attrs
from attrs import field, frozen

from agui_runtime.adapters.agui.projection import REASONING_EVENTS, SUBAGENT_EVENTS
from agui_runtime.adapters.graphql.document_limits import DocumentLimits
from agui_runtime.adapters.http.cors import CorsPolicy
from agui_runtime.adapters.http.limits import HttpLimits
from agui_runtime.adapters.memory import MemoryLimits
from agui_runtime.composition import setting_readers as readers
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.events import Event
from agui_runtime.domain.policy import AdmissionLimits, BusyPolicy, RunLimits, StateLimits

PREFIX = "AGUI_"
TEST_PREFIX = "AGUI_TEST_"
"""Names of the test run's own switches; the runtime does not read them."""


def _setting(default: Any, read: Callable[[str], Any], meaning: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"read": read, "meaning": meaning, "secret": secret})


@frozen(kw_only=True)
class Settings:
    """Every setting; the variable's name is the attribute's in capitals, behind ``AGUI_``."""

    host: str = _setting("127.0.0.1", readers.address, "Address to listen on")
    port: int = _setting(8000, readers.port, "Port to listen on; 0 picks a free one")
    base_path: str = _setting("/api/copilotkit", readers.path, "Where the runtime is served")
    graphiql: bool = _setting(True, readers.switch, "Whether browsers that open the endpoint get the GraphiQL page")
    log_level: str = _setting("INFO", readers.level, "What the server logs")
    log_format: str = _setting("text", readers.log_format, "How: `text` for people, or `json` for machines")
    log_messages: bool = _setting(False, readers.switch, "Whether what users and agents say is logged")
    metrics: bool = _setting(False, readers.switch, "Whether Prometheus finds metrics at /metrics")
    traces: bool = _setting(False, readers.switch, "Whether OpenTelemetry gets spans")
    cors_origins: tuple[str, ...] = _setting((), readers.origins, "Pages that may call, besides those on this machine")
    cors_allow_loopback: bool = _setting(True, readers.switch, "Whether pages on this machine may call")
    allow_anonymous: bool = _setting(False, readers.switch, "Whether other machines may call without an identity")
    auth_tokens: tuple[tuple[str, str], ...] = _setting(
        (), readers.tokens, "Bearer tokens of callers: name=token", secret=True
    )
    jwt_jwks_url: str = _setting("", readers.url, "Where the keys are that sign callers' JSON Web Tokens")
    jwt_issuer: str = _setting("", str, "Who must have made those tokens")
    jwt_audience: tuple[str, ...] = _setting((), readers.names, "For whom they must be: any of these")
    jwt_algorithms: tuple[str, ...] = _setting(("RS256", "ES256"), readers.names, "How they may be signed")
    access: str = _setting("", readers.access, "Who shares threads: shared, tenant or owner; owner if callers sign in")
    tenant_claim: str = _setting("tenant", str, "Which claim of a token names the tenant; dots reach into objects")
    forward_headers: tuple[str, ...] = _setting((), readers.names, "Callers' headers that go to agents")
    reasoning_events: bool = _setting(
        True, readers.switch, "Whether AG-UI frontends get reasoning; older than 1.57 break on it"
    )
    subagent_events: bool = _setting(
        True, readers.switch, "Whether AG-UI frontends get subagents; older than 1.70 break on them"
    )
    clear_threads: bool = _setting(
        False, readers.switch, "Whether a frontend may delete all of its threads; for development"
    )
    keep_alive_seconds: float = _setting(15.0, readers.seconds_or_off, "How long a stream may be silent; 0 for ever")
    frame_seconds: float = _setting(
        0.016, readers.seconds_or_off, "Text that comes faster goes out once in so long; 0: each piece at once"
    )
    guardrails_url: str = _setting("", readers.url, "Base URL of a guardrails service; none by default")
    remote_agents: tuple[tuple[str, str], ...] = _setting(
        (), readers.urls_by_name, "AG-UI agents elsewhere, as name=URL"
    )
    remote_endpoints: tuple[tuple[str, str], ...] = _setting(
        (), readers.urls_by_name, "CopilotKit remote endpoints or AG-UI runtimes, as name=URL"
    )
    remote_tokens: tuple[tuple[str, str], ...] = _setting(
        (), readers.by_name, "Bearer tokens for the two above, as name=token", secret=True
    )
    remote_private_addresses: bool = _setting(True, readers.switch, "Whether the two above may be in private networks")
    remote_attempts: int = _setting(3, readers.count, "How often a request is sent at most, where it fails at once")
    remote_connect_seconds: float = _setting(10.0, readers.seconds, "How long connecting to a remote agent may take")
    remote_first_byte_seconds: float = _setting(60.0, readers.seconds, "How long a remote agent may take to answer")
    remote_idle_seconds: float = _setting(120.0, readers.seconds, "Longest silence of a remote agent within a run")
    max_body_bytes: int = _setting(10 * 1024 * 1024, readers.count, "Largest request body, in bytes")
    body_seconds: float = _setting(30.0, readers.seconds, "How long a request body may take to arrive")
    write_seconds: float = _setting(
        60.0, readers.seconds_or_off, "How long a stream may wait for its client to read; 0 for ever"
    )
    max_query_depth: int = _setting(20, readers.count, "Deepest nesting of a GraphQL query")
    max_query_aliases: int = _setting(100, readers.count, "Most aliases of a GraphQL query")
    max_query_fields: int = _setting(500, readers.count, "Most fields of a GraphQL query, as written")
    max_runs: int = _setting(1000, readers.count, "Most live runs of a process")
    max_runs_per_caller: int = _setting(20, readers.count, "Most live runs of one caller, where callers sign in")
    max_run_events: int = _setting(100_000, readers.count, "Most events of one run")
    max_run_bytes: int = _setting(16 * 1024 * 1024, readers.count, "Most output of one run, in characters")
    max_run_seconds: float = _setting(600.0, readers.seconds, "Longest run")
    run_idle_seconds: float = _setting(0.0, readers.seconds_or_off, "Longest silence of a run; 0 for any")
    tool_seconds: float = _setting(60.0, readers.seconds, "Longest call of a server-side tool")
    stop_seconds: float = _setting(5.0, readers.seconds, "How long a stopped agent may take before its run is sealed")
    busy_seconds: float = _setting(2.0, readers.seconds, "Longest wait of a run for the one before it on its thread")
    busy_policy: BusyPolicy = _setting(  # noqa: RUF009 - a field, as the others are
        BusyPolicy.REJECT, readers.busy_policy, "`reject` a run on a busy thread, or `interrupt` the one there"
    )
    lease_seconds: float = _setting(30.0, readers.seconds, "How long a run outlives its process")
    drain_seconds: float = _setting(10.0, readers.seconds, "How long live runs may go on at shutdown")
    max_state_bytes: int = _setting(1024 * 1024, readers.count, "Largest state of one agent in one thread, in bytes")
    max_state_depth: int = _setting(64, readers.count, "Deepest nesting of a state")
    max_states_per_thread: int = _setting(100, readers.count, "Most agents with a state in one thread")
    state_lifetime_seconds: float | None = _setting(
        None, readers.lifetime, "How long a state is kept after its last save; for ever by default"
    )
    state_sweep_seconds: float = _setting(60.0, readers.seconds, "How often expired states are removed")
    memory_max_threads: int = _setting(10_000, readers.count, "Most threads kept in memory; the idlest go first")
    memory_max_bytes: int = _setting(256 * 1024 * 1024, readers.count, "Most bytes kept in memory; the idlest go first")
    compact_seconds: float = _setting(300.0, readers.seconds, "How long an ended run is kept event by event")
    retention_days: int = _setting(0, readers.count_or_zero, "Days after which an idle thread is erased; 0: never")

    database_url: str = _setting(
        "", readers.database_url, "PostgreSQL for states, runs and threads; memory by default", secret=True
    )
    database_direct_url: str = _setting("", readers.database_url, "The same past a pooler, for migrations", secret=True)
    database_pgbouncer: bool = _setting(False, readers.switch, "Whether a pooler in transaction mode is between")
    database_min_connections: int = _setting(1, readers.count, "Database connections kept open")
    database_max_connections: int = _setting(10, readers.count, "Most database connections of a process, besides one")
    database_connect_seconds: float = _setting(5.0, readers.seconds, "How long getting a database connection may take")
    database_seconds: float = _setting(10.0, readers.seconds, "How long one database operation may take")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read all settings.

        Raises:
            ConfigurationError: naming the variable, what was expected and what came.
        """
        fields = {PREFIX + attribute.name.upper(): attribute for attribute in attrs.fields(cls)}
        values: dict[str, Any] = {}
        for name, text in environment.items():
            if not name.startswith(PREFIX) or name.startswith(TEST_PREFIX):
                continue
            attribute = fields.get(name)
            if attribute is None:
                raise ConfigurationError(_unknown(name, list(fields)))
            try:
                values[attribute.name] = attribute.metadata["read"](text)
            except ValueError as error:
                found = (
                    "something else (not shown: it may hold a password)" if attribute.metadata["secret"] else repr(text)
                )
                raise ConfigurationError(f"{name}: expected {error}, but it is {found}.") from error
        return cls(**values)

    @property
    def forwarded_header_names(self) -> frozenset[str]:
        """Lower-case names of the headers that go to agents."""
        return frozenset(name.lower() for name in self.forward_headers)

    @property
    def hidden_events(self) -> tuple[type[Event], ...]:
        """The events that AG-UI frontends are not sent."""
        reasoning = () if self.reasoning_events else REASONING_EVENTS
        return reasoning if self.subagent_events else (*reasoning, *SUBAGENT_EVENTS)

    @property
    def cors(self) -> CorsPolicy:
        """Which pages may call."""
        return CorsPolicy(frozenset(self.cors_origins), self.cors_allow_loopback)

    @property
    def http_limits(self) -> HttpLimits:
        """Limits on requests."""
        return HttpLimits(self.max_body_bytes, self.body_seconds, self.write_seconds)

    @property
    def document_limits(self) -> DocumentLimits:
        """Limits on GraphQL documents."""
        return DocumentLimits(self.max_query_depth, self.max_query_aliases, self.max_query_fields)

    @property
    def run_limits(self) -> RunLimits:
        """Limits on runs."""
        return RunLimits(
            max_events=self.max_run_events,
            max_bytes=self.max_run_bytes,
            max_seconds=self.max_run_seconds,
            idle_seconds=self.run_idle_seconds,
            tool_seconds=self.tool_seconds,
            stop_seconds=self.stop_seconds,
            busy_seconds=self.busy_seconds,
            lease_seconds=self.lease_seconds,
        )

    @property
    def admission_limits(self) -> AdmissionLimits:
        """Limits on the number of runs."""
        return AdmissionLimits(self.max_runs, self.max_runs_per_caller)

    @property
    def state_limits(self) -> StateLimits:
        """Limits on states."""
        return StateLimits(self.max_state_bytes, self.max_state_depth, self.max_states_per_thread)

    @property
    def state_lifetime(self) -> timedelta | None:
        """How long a state is kept after its last save; ``None`` for ever."""
        return None if self.state_lifetime_seconds is None else timedelta(seconds=self.state_lifetime_seconds)

    @property
    def memory_limits(self) -> MemoryLimits:
        """Limits on what is kept in memory."""
        return MemoryLimits(max_threads=self.memory_max_threads, max_bytes=self.memory_max_bytes)


def settings_table() -> str:
    """All settings as a Markdown table, for the documentation."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for attribute in attrs.fields(Settings):
        shown = shown_default(attribute.default)
        rows.append(f"| `{PREFIX}{attribute.name.upper()}` | `{shown}` | {attribute.metadata['meaning']} |")
    return "\n".join(rows).replace("| `` |", "| none |")


def shown_default(default: Any) -> str:
    """A default as an operator would write it; empty where there is none."""
    if default is None:
        return ""
    return ",".join(cast("tuple[str, ...]", default)) if isinstance(default, tuple) else str(default)


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"{name} is not a setting of agui-runtime.{hint}"
