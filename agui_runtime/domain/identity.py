"""Who and what: validated ids, principals and scopes."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import Factory, evolve, field, frozen

from agui_runtime.domain.errors import InvalidError

# C0, DEL, C1, and the lone surrogates that have no UTF-8 form.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class _Id(str):
    """A validated string: 1 to ``max_length`` characters, none of them a control character.

    Raises:
        InvalidError: naming the rule broken.
    """

    __slots__ = ()
    label: ClassVar[str] = "id"
    max_length: ClassVar[int] = 256

    def __new__(cls, value: str) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance] - wires send anything
            raise InvalidError(f"The {cls.label} must be a string, not {type(value).__name__}.")
        if not 0 < len(value) <= cls.max_length:
            raise InvalidError(
                f"The {cls.label} must have 1 to {cls.max_length} characters; this one has {len(value)}."
            )
        if _CONTROL.search(value):
            raise InvalidError(f"The {cls.label} {value!r} has a control character.")
        return super().__new__(cls, value)

    @classmethod
    def is_valid(cls, value: str) -> bool:
        """Whether it can be one."""
        try:
            cls(value)
        except InvalidError:
            return False
        return True


class ThreadId(_Id):
    """Names a conversation within a scope. Clients choose it, or the runtime mints one."""

    __slots__ = ()
    label = "thread id"


class RunId(_Id):
    """Names a run for its client. It may repeat: a run's identity is ``RunKey``."""

    __slots__ = ()
    label = "run id"


class AgentName(_Id):
    """Names an agent, as frontends address it."""

    __slots__ = ()
    label = "agent name"
    max_length = 128


class Scope(_Id):
    """A tenant, or a tenant's user: part of every key, so that what is out of scope does not exist."""

    __slots__ = ()
    label = "scope"


@frozen
class Principal:
    """Who calls, as ``Identity`` found it.

    Attributes:
        subject: a stable name, ``"anonymous"`` where no identity is configured.
        claims: whatever else the identity vouches for.
    """

    subject: str
    claims: Mapping[str, Any] = Factory(dict[str, Any])


ANONYMOUS = Principal("anonymous")
NOWHERE = Scope("agui:nowhere")
"""Holds nothing, ever: where those look who must not find what there is."""


@frozen
class Caller:
    """A principal with the scope that ``AccessPolicy`` derived for it.

    Attributes:
        headers: those of its request that the host lets go to agents, by lower-case name; never logged.
        properties: what its page hands over to agents, on the endpoint's own; never trusted as identity, never logged.
        frontend_url: of the page, as it says.
    """

    principal: Principal
    scope: Scope
    headers: Mapping[str, str] = field(factory=dict[str, str], eq=False, repr=False)
    properties: Mapping[str, Any] = field(factory=dict[str, Any], eq=False, repr=False)
    frontend_url: str | None = field(default=None, eq=False, repr=False)

    @property
    def finds_nothing(self) -> bool:
        """Whether nothing exists for the caller."""
        return self.scope == NOWHERE

    def on_page(self, properties: Mapping[str, Any], frontend_url: str | None) -> "Caller":
        """The same caller with what the page hands over."""
        return Caller(self.principal, self.scope, self.headers, properties, frontend_url)

    def finding_nothing(self) -> Self:
        """The same principal as somebody for whom nothing exists."""
        return evolve(self, scope=NOWHERE)


@frozen
class StateKey:
    """Where an agent's state lives."""

    scope: Scope
    thread_id: ThreadId
    agent_name: AgentName


@frozen
class RunKey:
    """A run's identity: its number counts up within its thread, since run ids may repeat."""

    scope: Scope
    thread_id: ThreadId
    number: int
