"""What clients are told of an exception: our own words, known faults in the TypeScript runtime's, else nothing."""

import pytest

from agui_runtime.application.failures import (
    NOT_FOUND,
    REFUSED,
    TIMED_OUT,
    UNREACHABLE,
    agent_failure_of,
    failure_of,
    named,
)
from agui_runtime.domain.errors import (
    GENERIC_MESSAGE,
    AgentError,
    AguiError,
    ConflictError,
    ErrorCode,
    InvalidError,
    InvalidEventError,
    TimedOutError,
)


def test_our_own_errors_speak_for_themselves() -> None:
    error = ConflictError("somebody saved")
    assert failure_of(error) is error
    assert agent_failure_of(error, "writer") is error


@pytest.mark.parametrize("error", [RuntimeError("password=hunter2"), ValueError(""), KeyError("secret"), Exception()])
def test_a_foreign_text_does_not_leak_but_stays_as_cause(error: Exception) -> None:
    failure = failure_of(error)
    assert (failure.code, failure.message) == (ErrorCode.INTERNAL, GENERIC_MESSAGE)
    assert failure.__cause__ is error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConnectionRefusedError(111, "no"), REFUSED),
        (RuntimeError("connect ECONNREFUSED 10.0.0.1:80"), REFUSED),
        (RuntimeError("getaddrinfo ENOTFOUND db.internal"), NOT_FOUND),
        (RuntimeError("ETIMEDOUT"), TIMED_OUT),
        (TimeoutError(), TIMED_OUT),
        (ConnectionResetError(), UNREACHABLE),
        (RuntimeError("fetch failed"), UNREACHABLE),
    ],
)
def test_a_connection_that_fails_is_unavailable(error: Exception, text: str) -> None:
    failure = failure_of(error)
    assert (failure.code, failure.message) == (ErrorCode.UNAVAILABLE, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Request failed with 401", "Authentication failed"),
        ("Incorrect API key provided: sk-123", "API key error"),
        ("Unauthorized: token abc", "Unauthorized access"),
    ],
)
def test_a_key_that_is_not_accepted_is_said_without_the_key(text: str, words: str) -> None:
    failure = failure_of(RuntimeError(text))
    assert failure.code == ErrorCode.INTERNAL
    assert words in failure.message
    assert text not in failure.message


def test_an_agent_keeps_its_own_message() -> None:
    failure = agent_failure_of(RuntimeError(" the agent threw "), "writer")
    assert (failure.code, failure.message) == (ErrorCode.AGENT_FAILED, "the agent threw")


@pytest.mark.parametrize("error", [RuntimeError(), OSError(2, "No such file", "/etc/secret")])
def test_an_agent_that_says_nothing_fit_for_users_is_named(error: Exception) -> None:
    failure = agent_failure_of(error, "writer")
    assert failure.message == f"The agent 'writer' failed. {GENERIC_MESSAGE}"
    assert failure.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        InvalidEventError("STEP_STARTED came after RUN_FINISHED."),
        InvalidError("The run was cut.", code=ErrorCode.LIMIT_EXCEEDED, details={"limit": "run_events"}),
        InvalidError("The run was cut.", code=ErrorCode.LIMIT_EXCEEDED, details={"limit": "run_bytes"}),
        TimedOutError("The run was cut.", details={"limit": "run_seconds"}),
    ],
    ids=lambda error: str(error.details.get("limit")),
)
def test_an_agent_that_breaks_the_rules_of_a_run_is_named(error: AguiError) -> None:
    failure = agent_failure_of(error, "writer")
    assert failure.message == f"The agent 'writer' failed. {error.message}"
    assert (type(failure), failure.code, failure.details) == (type(error), error.code, error.details)


def test_a_failure_that_names_its_agent_is_told_as_it_is() -> None:
    failure = AgentError("The agent 'writer' was silent.")
    assert named(failure, "writer") is failure
