"""Errors as clients understand them: only the twelve codes they know, and no text that leaks."""

import re
from typing import Any

import pytest
from graphql import GraphQLError

from agui_runtime.adapters.graphql.errors import COPILOT_CODES, copilot_code, failed_status_details, format_error
from agui_runtime.domain.errors import (
    GENERIC_MESSAGE,
    AguiError,
    ConfigurationError,
    DeniedError,
    ErrorCode,
    NotFoundError,
    UnavailableError,
)

TWELVE = {
    "NETWORK_ERROR",
    "NOT_FOUND",
    "AGENT_NOT_FOUND",
    "API_NOT_FOUND",
    "REMOTE_ENDPOINT_NOT_FOUND",
    "AUTHENTICATION_ERROR",
    "MISUSE",
    "UNKNOWN",
    "VERSION_MISMATCH",
    "CONFIGURATION_ERROR",
    "MISSING_PUBLIC_API_KEY_ERROR",
    "UPGRADE_REQUIRED_ERROR",
}


def formatted(error: Exception, *, is_mutation: bool = False) -> dict[str, Any]:
    located = GraphQLError(str(error), path=["hello"], original_error=error)
    return format_error(located, is_mutation=is_mutation, correlation_id="corr-1")


def test_the_table_has_the_twelve_codes() -> None:
    assert set(COPILOT_CODES) == TWELVE


@pytest.mark.parametrize("code", [*ErrorCode, "SOMETHING_ELSE", "", None])
def test_whatever_our_code_clients_see_one_of_the_twelve(code: str | None) -> None:
    assert copilot_code(code).code in TWELVE


@pytest.mark.parametrize(
    ("error", "code", "status", "visibility", "severity"),
    [
        (NotFoundError("x", code=ErrorCode.AGENT_NOT_FOUND), "AGENT_NOT_FOUND", 500, "banner", "critical"),
        (DeniedError("x", code=ErrorCode.UNAUTHENTICATED), "AUTHENTICATION_ERROR", 401, "banner", "critical"),
        (UnavailableError("x"), "NETWORK_ERROR", 503, "banner", "critical"),
        (ConfigurationError("x"), "CONFIGURATION_ERROR", 400, "banner", "warning"),
        (AguiError("x"), "UNKNOWN", 500, "toast", "critical"),
        (RuntimeError("x"), "UNKNOWN", 500, "toast", "critical"),
    ],
)
def test_an_application_error_has_its_row_of_the_table(
    error: Exception, code: str, status: int, visibility: str, severity: str
) -> None:
    extensions = formatted(error)["extensions"]
    assert extensions["name"] == "CopilotError"
    assert (extensions["code"], extensions["statusCode"]) == (code, status)
    assert (extensions["visibility"], extensions["severity"]) == (visibility, severity)
    assert extensions["correlationId"] == "corr-1"


def test_a_querys_original_error_has_message_and_stack() -> None:
    extensions = formatted(UnavailableError("The store is away."))["extensions"]
    assert extensions["originalError"] == {"message": "The store is away.", "stack": "Error: The store is away."}


def test_a_mutations_original_error_is_wrapped_once_more() -> None:
    original = formatted(UnavailableError("The store is away."), is_mutation=True)["extensions"]["originalError"]
    assert original["message"] == "The store is away."
    assert original["extensions"]["code"] == "NETWORK_ERROR"
    assert original["extensions"]["originalError"]["message"] == "The store is away."


@pytest.mark.parametrize("is_mutation", [False, True])
def test_a_foreign_text_is_nowhere_in_the_answer_but_in_the_log(
    is_mutation: bool, caplog: pytest.LogCaptureFixture
) -> None:
    answer = formatted(RuntimeError("password=hunter2 in secrets.py"), is_mutation=is_mutation)
    assert answer["message"] == GENERIC_MESSAGE
    assert not re.search("hunter2|secrets|Traceback|RuntimeError", str(answer))
    assert "hunter2" in caplog.text
    assert "corr-1" in caplog.text


def test_our_own_error_keeps_its_message_but_not_its_cause() -> None:
    error = UnavailableError("The store is away.")
    error.__cause__ = OSError("10.0.0.5 refused")
    answer = formatted(error)
    assert answer["message"] == "The store is away."
    assert "10.0.0.5" not in str(answer)


def test_an_error_of_graphql_itself_goes_out_as_it_is() -> None:
    error = GraphQLError("X-CopilotCloud-Public-API-Key header is required", path=["generateCopilotResponse"])
    assert format_error(error, is_mutation=True, correlation_id="c") == error.formatted
    assert "extensions" not in format_error(error, is_mutation=True, correlation_id="c")


def test_an_unknown_agent_without_others_is_told_to_set_one_up() -> None:
    error = NotFoundError("x", code=ErrorCode.AGENT_NOT_FOUND, details={"agent": "n", "available": []})
    assert formatted(error)["message"].startswith(
        "Agent 'n' was not found. Please set up at least one agent before proceeding. See more: "
    )


def test_an_unknown_agent_beside_others_is_told_their_names() -> None:
    error = NotFoundError("x", code=ErrorCode.AGENT_NOT_FOUND, details={"agent": "n", "available": ["a", "b"]})
    assert formatted(error)["message"].startswith("Agent 'n' was not found. Available agents are: a, b. Please verify")


def test_the_details_of_a_failed_response_describe_it() -> None:
    details = failed_status_details("broke", "AGENTS_OWN_CODE")
    assert details["description"] == "broke"
    assert details["originalError"]["code"] == "UNKNOWN"
    assert details["originalError"]["extensions"]["name"] == "CopilotError"
