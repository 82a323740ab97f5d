"""The wall: what the driver and the server raise, in the application's words. The cause is kept, for the log."""

import ssl

import asyncpg

from agui_runtime.domain.errors import AguiError, ConfigurationError, CorruptError, UnavailableError

DRIVER_FAULTS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""Everything that talking to a server can raise. ``TimeoutError`` and TLS errors are kinds of ``OSError``."""

_DAMAGED = (asyncpg.DataCorruptedError, asyncpg.IndexCorruptedError)
_LOGIN = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the driver lost track of the protocol, as on a line that breaks in mid-answer
    OSError,
)
_HOPELESS = frozenset({"0A", "22", "23", "42", "54"})
"""Classes of SQLSTATE: not supported, bad data, a constraint, a statement that does not fit the tables, too complex."""

_NOT_LOST = (asyncpg.QueryCanceledError, TimeoutError)


def has_not_happened(error: BaseException) -> bool:
    """Whether the server has certainly rolled back: repeating is safe, whatever it was."""
    return isinstance(error, asyncpg.TransactionRollbackError) and not isinstance(
        error, asyncpg.StatementCompletionUnknownError
    )


def is_lost(error: BaseException) -> bool:
    """Whether the connection broke, so that what was asked may or may not have happened."""
    return isinstance(error, _LOST) and not isinstance(error, _NOT_LOST)


def leaves_connection_usable(error: BaseException) -> bool:
    """Whether the connection may go back to the pool.

    A server that has become read-only answers well, but it may be an old primary: its connections must not be kept.
    """
    return isinstance(error, asyncpg.PostgresError) and not isinstance(
        error, (asyncpg.ReadOnlySQLTransactionError, asyncpg.PostgresConnectionError)
    )


def is_hopeless(error: AguiError) -> bool:
    """Whether the server refuses what it was asked, so that asking again gives nothing else."""
    return str(error.details.get("sqlstate") or "")[:2] in _HOPELESS


def translate(error: BaseException) -> AguiError:
    """The application's error for a driver's. Its text holds nothing of the statement, the values or the DSN."""
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(error, asyncpg.ClientConfigurationError):
        return ConfigurationError(f"The database URL cannot be used: {error}.")
    if isinstance(error, _DAMAGED):
        return CorruptError("The database reports damaged data.", details={"sqlstate": sqlstate})
    return UnavailableError(_reason(error), details={} if sqlstate is None else {"sqlstate": sqlstate})


def _reason(error: BaseException) -> str:
    if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
        return "The database is read-only now; nothing was saved."
    if isinstance(error, _LOGIN):
        return "The database refused the log-in: the user, the password or the database's name is wrong."
    if isinstance(error, asyncpg.TooManyConnectionsError):
        return "The database has no connection left for us."
    if isinstance(error, asyncpg.QueryCanceledError):
        return "The database gave up on a statement that took too long."
    if isinstance(error, TimeoutError):
        return "The database did not answer in time."
    if isinstance(error, ssl.SSLCertVerificationError):
        # The part behind the comma names the host.
        return f"The database's certificate is not accepted: {error.verify_message.partition(',')[0]}."
    if is_lost(error):
        return "The database cannot be reached."
    return f"The database refused a statement (SQLSTATE {getattr(error, 'sqlstate', 'unknown')})."
