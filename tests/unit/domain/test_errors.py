import pytest

from agui_runtime.domain import errors
from agui_runtime.domain.errors import GENERIC_MESSAGE, AguiError, ErrorCode, InvalidError

DEFAULTS = {
    errors.AguiError: ErrorCode.INTERNAL,
    errors.InvalidError: ErrorCode.INVALID_INPUT,
    errors.NotFoundError: ErrorCode.NOT_FOUND,
    errors.ConflictError: ErrorCode.VERSION_CONFLICT,
    errors.BusyError: ErrorCode.THREAD_BUSY,
    errors.LeaseLostError: ErrorCode.LEASE_LOST,
    errors.UnavailableError: ErrorCode.UNAVAILABLE,
    errors.DeniedError: ErrorCode.DENIED,
    errors.MisuseError: ErrorCode.MISUSE,
    errors.ConfigurationError: ErrorCode.CONFIGURATION,
    errors.AgentError: ErrorCode.AGENT_FAILED,
    errors.InvalidEventError: ErrorCode.INVALID_EVENT,
    errors.TimedOutError: ErrorCode.TIMED_OUT,
    errors.CorruptError: ErrorCode.CORRUPT,
}


@pytest.mark.parametrize(("kind", "code"), DEFAULTS.items())
def test_each_kind_of_error_has_its_own_code(kind: type[AguiError], code: ErrorCode) -> None:
    assert kind("text").code is code


def test_every_error_class_is_in_the_table_above() -> None:
    assert set(DEFAULTS) == {AguiError, *AguiError.__subclasses__()}


def test_a_code_given_wins_over_the_kinds_own() -> None:
    assert InvalidError("too big", code=ErrorCode.LIMIT_EXCEEDED).code is ErrorCode.LIMIT_EXCEEDED


def test_the_message_is_also_the_text_of_the_exception() -> None:
    assert str(InvalidError("what happened")) == InvalidError("what happened").message == "what happened"


def test_an_error_without_a_message_says_nothing_that_could_leak() -> None:
    assert AguiError().message == GENERIC_MESSAGE


def test_details_are_copied_so_that_the_givers_changes_do_not_show() -> None:
    details = {"version": 3}
    error = errors.ConflictError("saved meanwhile", details=details)
    details["version"] = 4
    assert error.details == {"version": 3}


def test_details_are_empty_where_none_are_given() -> None:
    assert AguiError("text").details == {}


def test_codes_are_their_own_wire_names() -> None:
    assert all(code == code.name for code in ErrorCode)
