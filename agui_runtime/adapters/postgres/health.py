"""What a look at the database finds, in words for programs and for people."""

from enum import StrEnum

import asyncpg
from attrs import frozen

from agui_runtime.adapters.postgres.faults import is_lost
from agui_runtime.domain.errors import AguiError


class Finding(StrEnum):
    """Whether the database can be used, and if not, why."""

    USABLE = "usable"
    NOT_OPEN = "not_open"
    """The runtime has not started yet, or has ended."""
    UNREACHABLE = "unreachable"
    """Nobody answers at its address, or the line breaks."""
    LOGIN_REFUSED = "login_refused"
    """The user, the password or the database's name is wrong."""
    READ_ONLY = "read_only"
    """A standby, or a primary that was told to refuse writing."""
    EXHAUSTED = "exhausted"
    """All connections are in use: ours, or the server's."""
    SLOW = "slow"
    """It takes too long to answer."""
    NOT_MIGRATED = "not_migrated"
    """Migrations of this version have not been applied."""
    OTHER_VERSION = "other_version"
    """A newer version, or another one, has made the tables."""
    REFUSING = "refusing"
    """It refuses for another reason, which the message names."""


@frozen
class Health:
    """What a look at the database found.

    Attributes:
        finding: for programs.
        message: what is wrong and what to do, or the server's version; for people. Never an address or a secret.
        open_connections: of this process.
        free_connections: those of them that nobody uses now.
    """

    finding: Finding
    message: str
    open_connections: int
    free_connections: int

    @property
    def is_usable(self) -> bool:
        """Whether all that is kept in it can be read and written now."""
        return self.finding is Finding.USABLE


_FINDINGS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Finding], ...] = (
    (asyncpg.ReadOnlySQLTransactionError, Finding.READ_ONLY),
    ((asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError), Finding.LOGIN_REFUSED),
    (asyncpg.TooManyConnectionsError, Finding.EXHAUSTED),
    ((asyncpg.QueryCanceledError, TimeoutError), Finding.SLOW),
)


def finding_of(error: AguiError) -> Finding:
    """What a failed look means."""
    cause = error.__cause__
    if cause is None:
        return Finding.NOT_OPEN
    found = next((finding for kinds, finding in _FINDINGS if isinstance(cause, kinds)), None)
    return found or (Finding.UNREACHABLE if is_lost(cause) else Finding.REFUSING)
