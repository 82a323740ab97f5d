"""``forwardedParameters``: what a client asks of the model beside the conversation (contract graphql §3)."""

from collections.abc import Mapping

from attrs import frozen

from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.json_value import JsonObject, JsonValue, is_array, is_object
from agui_runtime.domain.tools import Tool


@frozen
class ToolChoice:
    """``mode`` is ``auto``, ``none``, ``required`` or ``function``; with the last goes the function's name."""

    mode: str
    name: str | None = None


@frozen
class Parameters:
    """What was asked; ``None`` and empty: the provider's default."""

    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    tool_choice: ToolChoice | None = None


def parameters_of(forwarded: JsonObject, tools: tuple[Tool, ...]) -> Parameters:
    """Read what this runtime knows; other keys belong to the application.

    Raises:
        InvalidError: naming the parameter and what was expected.
    """
    return Parameters(
        model=_text(forwarded, "model"),
        temperature=_number(forwarded, "temperature"),
        max_tokens=_max_tokens(forwarded),
        stop=_stop(forwarded.get("stop")),
        tool_choice=_offered(_tool_choice(forwarded), tools),
    )


def _text(forwarded: JsonObject, key: str) -> str | None:
    value = forwarded.get(key)
    if value is None or (isinstance(value, str) and value):
        return value or None
    raise _expected(key, "text")


def _number(forwarded: JsonObject, key: str) -> float | None:
    value = forwarded.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _expected(key, "a number")
    return value


def _max_tokens(forwarded: JsonObject) -> int | None:
    # A Float on the GraphQL wire (contract graphql §1); AG-UI applications use the second name.
    key = "maxTokens" if forwarded.get("maxTokens") is not None else "maxOutputTokens"
    value = _number(forwarded, key)
    if value is not None and (value < 1 or value != int(value)):
        raise _expected(key, "a whole number of 1 or more")
    return None if value is None else int(value)


def _stop(value: JsonValue) -> tuple[str, ...]:
    if value is None:
        return ()
    texts = [value] if isinstance(value, str) else value
    if is_array(texts) and all(isinstance(text, str) for text in texts):
        return tuple(texts)
    raise _expected("stop", "a text or a list of texts")


def _tool_choice(forwarded: JsonObject) -> ToolChoice | None:
    match forwarded.get("toolChoice"):
        case None:
            return None
        case "auto" | "none" | "required" as mode:
            return ToolChoice(mode)
        case "function":
            return _named(forwarded.get("toolChoiceFunctionName"), "toolChoiceFunctionName")
        case choice if is_object(choice) and choice.get("type") == "function":
            # The form of AG-UI frontends (contract agui §11 "suggestions").
            function = choice.get("function")
            return _named(function.get("name") if is_object(function) else None, "toolChoice.function.name")
        case _:
            raise _expected("toolChoice", "auto, none, required or function")


def _named(name: JsonValue, key: str) -> ToolChoice:
    if isinstance(name, str) and name:
        return ToolChoice("function", name)
    raise _expected(key, "the name of a tool")


def _offered(choice: ToolChoice | None, tools: tuple[Tool, ...]) -> ToolChoice | None:
    if choice is None:
        return None
    if choice.mode == "function" and all(tool.name != choice.name for tool in tools):
        raise InvalidError(f"forwardedParameters asks for a call of the tool {choice.name!r}, which is not offered.")
    if choice.mode == "required" and not tools:
        raise InvalidError("forwardedParameters asks for a tool call, but no tool is offered.")
    return choice if tools else None


def _expected(key: str, what: str) -> InvalidError:
    return InvalidError(f"forwardedParameters.{key} must be {what}.")


def without_nothing(values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The entries that say something."""
    return {key: value for key, value in values.items() if value is not None}
