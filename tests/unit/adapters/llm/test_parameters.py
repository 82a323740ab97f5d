from typing import Any

import pytest

from agui_runtime.adapters.llm.parameters import Parameters, ToolChoice, parameters_of
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.tools import Tool

TOOLS = (Tool("weather"),)


def test_nothing_asked_is_the_providers_default() -> None:
    nulls = dict.fromkeys(("model", "temperature", "maxTokens", "stop", "toolChoice"))
    assert parameters_of({}, TOOLS) == parameters_of(nulls, TOOLS) == Parameters()


def test_all_that_is_known_is_read() -> None:
    forwarded = {"model": "m", "temperature": 0, "maxTokens": 10.0, "stop": ["a", "b"], "toolChoice": "auto"}
    assert parameters_of(forwarded, TOOLS) == Parameters("m", 0, 10, ("a", "b"), ToolChoice("auto"))


def test_one_stop_text_is_a_list_of_one() -> None:
    assert parameters_of({"stop": "END"}, ()).stop == ("END",)


def test_ag_ui_applications_name_the_most_tokens_otherwise() -> None:
    assert parameters_of({"maxOutputTokens": 5}, ()).max_tokens == 5


@pytest.mark.parametrize(
    "forwarded",
    [
        {"toolChoice": "function", "toolChoiceFunctionName": "weather"},
        {"toolChoice": {"type": "function", "function": {"name": "weather"}}},
    ],
)
def test_a_named_function_is_read_in_both_wires_forms(forwarded: dict[str, Any]) -> None:
    assert parameters_of(forwarded, TOOLS).tool_choice == ToolChoice("function", "weather")


@pytest.mark.parametrize("mode", ["auto", "none"])
def test_without_tools_there_is_nothing_to_choose(mode: str) -> None:
    assert parameters_of({"toolChoice": mode}, ()).tool_choice is None


@pytest.mark.parametrize(
    ("forwarded", "message"),
    [
        ({"model": 7}, "forwardedParameters.model must be text."),
        ({"temperature": "warm"}, "forwardedParameters.temperature must be a number."),
        ({"temperature": True}, "forwardedParameters.temperature must be a number."),
        ({"maxTokens": 0}, "forwardedParameters.maxTokens must be a whole number of 1 or more."),
        ({"maxTokens": 1.5}, "forwardedParameters.maxTokens must be a whole number of 1 or more."),
        ({"maxOutputTokens": -1}, "forwardedParameters.maxOutputTokens must be a whole number of 1 or more."),
        ({"stop": [1]}, "forwardedParameters.stop must be a text or a list of texts."),
        ({"toolChoice": "maybe"}, "forwardedParameters.toolChoice must be auto, none, required or function."),
        ({"toolChoice": "function"}, "forwardedParameters.toolChoiceFunctionName must be the name of a tool."),
        (
            {"toolChoice": {"type": "function"}},
            "forwardedParameters.toolChoice.function.name must be the name of a tool.",
        ),
        (
            {"toolChoice": "function", "toolChoiceFunctionName": "fly"},
            "forwardedParameters asks for a call of the tool 'fly', which is not offered.",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(forwarded: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parameters_of(forwarded, TOOLS)
    assert caught.value.message == message


def test_a_call_cannot_be_required_where_no_tool_is_offered() -> None:
    with pytest.raises(InvalidError, match="no tool is offered"):
        parameters_of({"toolChoice": "required"}, ())
