"""Settings from the environment: one frozen class, prefix ``AGUI_``; an unknown or bad value fails at start."""

import difflib
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import attrs
from attrs import field, frozen

from agui_runtime.adapters.agui.projection import REASONING_EVENTS, SUBAGENT_EVENTS
from agui_runtime.adapters.graphql.document_limits import DocumentLimits
from agui_runtime.adapters.http.cors import CorsPolicy
from agui_runtime.adapters.http.limits import HttpLimits
from agui_runtime.adapters.memory import MemoryLimits
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.events import Event
from agui_runtime.domain.policy import BusyPolicy, RunLimits, StateLimits

PREFIX = "AGUI_"
TEST_PREFIX = "AGUI_TEST_"
"""Names of the test run's own switches; the runtime does not read them."""

MAX_LIFETIME_SECONDS = 100 * 366 * 24 * 60 * 60

_PATH = re.compile(r"/[A-Za-z0-9._~/-]*")
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError("a whole number, 1 or more")
    return int(text)


def _address(text: str) -> str:
    # Empty means "every interface" to the operating system, which nobody asks for by leaving a variable empty.
    if not text.strip():
        raise ValueError("an address to listen on, such as 127.0.0.1")
    return text.strip()


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65535:
        raise ValueError("a port number from 0 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise ValueError("a number of seconds greater than 0")
    return value


def _seconds_or_off(text: str) -> float:
    try:
        return 0.0 if float(text) == 0 else _seconds(text)
    except ValueError:
        raise ValueError("a number of seconds, or 0 for never") from None


def _lifetime(text: str) -> float:
    value = _seconds(text)
    if value > MAX_LIFETIME_SECONDS:
        raise ValueError(f"a number of seconds up to {MAX_LIFETIME_SECONDS}, which is a hundred years")
    return value


def _switch(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("1, true, yes, on, 0, false, no or off")


def _names(text: str) -> tuple[str, ...]:
    return tuple(entry.strip() for entry in text.split(",") if entry.strip())


def _origins(text: str) -> tuple[str, ...]:
    origins = _names(text)
    for origin in origins:
        if origin != "*" and ("://" not in origin or origin.endswith("/")):
            raise ValueError("origins such as https://app.example.com, separated by commas, or *")
    return origins


def _path(text: str) -> str:
    if _PATH.fullmatch(text) is None:
        raise ValueError("a path that begins with / and has only letters, digits and -._~/")
    return text.rstrip("/")


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("a URL that begins with http:// or https://")
    return text.rstrip("/")


def _database_url(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("a URL that begins with postgresql://")
    return text


def _level(text: str) -> str:
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("DEBUG, INFO, WARNING or ERROR")
    return text.upper()


def _busy_policy(text: str) -> BusyPolicy:
    try:
        return BusyPolicy(text.lower())
    except ValueError as error:
        raise ValueError(" or ".join(BusyPolicy)) from error


def _count_or_zero(text: str) -> int:
    return 0 if text == "0" else _count(text)


def _setting(default: Any, read: Callable[[str], Any], meaning: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"read": read, "meaning": meaning, "secret": secret})


@frozen(kw_only=True)
class Settings:
    """Every setting; the variable's name is the attribute's in capitals, behind ``AGUI_``."""

    host: str = _setting("127.0.0.1", _address, "Address to listen on")
    port: int = _setting(8000, _port, "Port to listen on; 0 picks a free one")
    base_path: str = _setting("/api/copilotkit", _path, "Where the runtime is served")
    graphiql: bool = _setting(True, _switch, "Whether browsers that open the endpoint get the GraphiQL page")
    log_level: str = _setting("INFO", _level, "What the server logs")
    cors_origins: tuple[str, ...] = _setting((), _origins, "Pages that may call, besides those on this machine")
    cors_allow_loopback: bool = _setting(True, _switch, "Whether pages on this machine may call")
    forward_headers: tuple[str, ...] = _setting((), _names, "Callers' headers that go to agents; none by default")
    reasoning_events: bool = _setting(
        True, _switch, "Whether AG-UI frontends get reasoning; older than 1.57 break on it"
    )
    subagent_events: bool = _setting(
        True, _switch, "Whether AG-UI frontends get subagents; older than 1.70 break on them"
    )
    clear_threads: bool = _setting(False, _switch, "Whether a frontend may delete all of its threads; for development")
    keep_alive_seconds: float = _setting(15.0, _seconds_or_off, "How long a stream may be silent; 0 for ever")
    guardrails_url: str = _setting("", _url, "Base URL of a guardrails service; none by default")
    max_body_bytes: int = _setting(10 * 1024 * 1024, _count, "Largest request body, in bytes")
    body_seconds: float = _setting(30.0, _seconds, "How long a request body may take to arrive")
    max_query_depth: int = _setting(20, _count, "Deepest nesting of a GraphQL query")
    max_query_aliases: int = _setting(100, _count, "Most aliases of a GraphQL query")
    max_query_fields: int = _setting(500, _count, "Most fields of a GraphQL query, as written")
    max_run_events: int = _setting(100_000, _count, "Most events of one run")
    max_run_bytes: int = _setting(16 * 1024 * 1024, _count, "Most output of one run, in characters")
    max_run_seconds: float = _setting(600.0, _seconds, "Longest run")
    tool_seconds: float = _setting(60.0, _seconds, "Longest call of a server-side tool")
    stop_seconds: float = _setting(5.0, _seconds, "How long a stopped agent may take before its run is sealed")
    busy_seconds: float = _setting(2.0, _seconds, "How long a new run waits for the old one on the same thread")
    busy_policy: BusyPolicy = _setting(  # noqa: RUF009 - a field, as the others are
        BusyPolicy.REJECT, _busy_policy, "Whether to `reject` that run in the end, or to `interrupt` the old one"
    )
    lease_seconds: float = _setting(30.0, _seconds, "How long a run outlives its process")
    drain_seconds: float = _setting(10.0, _seconds, "How long live runs may go on at shutdown")
    max_state_bytes: int = _setting(1024 * 1024, _count, "Largest state of one agent in one thread, in bytes")
    max_state_depth: int = _setting(64, _count, "Deepest nesting of a state")
    max_states_per_thread: int = _setting(100, _count, "Most agents with a state in one thread")
    state_lifetime_seconds: float | None = _setting(
        None, _lifetime, "How long a state is kept after its last save; for ever by default"
    )
    state_sweep_seconds: float = _setting(60.0, _seconds, "How often expired states are removed")
    memory_max_threads: int = _setting(10_000, _count, "Most threads kept in memory; the idlest go first")
    memory_max_bytes: int = _setting(256 * 1024 * 1024, _count, "Most bytes kept in memory; the idlest go first")
    compact_seconds: float = _setting(300.0, _seconds, "How long an ended run is kept event by event")
    retention_days: int = _setting(0, _count_or_zero, "Days after which an idle thread is erased; 0: never")

    database_url: str = _setting(
        "", _database_url, "PostgreSQL for states, runs and threads; memory by default", secret=True
    )
    database_direct_url: str = _setting("", _database_url, "The same past a pooler, for migrations", secret=True)
    database_pgbouncer: bool = _setting(False, _switch, "Whether a pooler in transaction mode is between")
    database_min_connections: int = _setting(1, _count, "Database connections kept open")
    database_max_connections: int = _setting(10, _count, "Most database connections of this process, besides one")
    database_connect_seconds: float = _setting(5.0, _seconds, "How long getting a database connection may take")
    database_seconds: float = _setting(10.0, _seconds, "How long one database operation may take")

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
        return HttpLimits(self.max_body_bytes, self.body_seconds)

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
            tool_seconds=self.tool_seconds,
            stop_seconds=self.stop_seconds,
            busy_seconds=self.busy_seconds,
            lease_seconds=self.lease_seconds,
        )

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
        default: Any = attribute.default
        shown = "" if default in ((), None) else str(default)
        rows.append(f"| `{PREFIX}{attribute.name.upper()}` | `{shown}` | {attribute.metadata['meaning']} |")
    return "\n".join(rows).replace("| `` |", "| none |")


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"{name} is not a setting of agui-runtime.{hint}"
