"""A conversation in the form of Google's generateContent: contents of user and model, made of parts."""

import base64
import binascii
import mimetypes
from collections.abc import Iterator, Sequence
from typing import Protocol

from google.genai import types

from agui_runtime.adapters.llm.conversation import (
    CLOSING,
    OPENING,
    Turn,
    arguments_of,
    kind_of,
    mime_type_of,
    parts_of,
    result_of,
    url_of,
)
from agui_runtime.adapters.llm.parameters import ToolChoice
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.json_value import copy_of
from agui_runtime.domain.messages import (
    AssistantMessage,
    MediaPart,
    TextPart,
    ToolCall,
    ToolMessage,
    UserMessage,
    text_of,
)
from agui_runtime.domain.tools import Tool

API = "google"
"""Under which its signatures are sealed."""


class SignatureOf(Protocol):
    """The signature that the model gave a call of its own: newer models refuse one without it."""

    def __call__(self, call: ToolCall, *, is_first: bool) -> bytes | None:
        """Of a call, the first of its answer or a later one."""


def contents_of(turns: Sequence[Turn], signature_of: SignatureOf) -> list[types.Content]:
    """The conversation without its instructions.

    Neighbours of one role are joined: all results of an answer's calls belong into one content.

    Raises:
        InvalidError: an attachment that has no form here.
    """
    names = {call.id: call.name for turn in turns if isinstance(turn, AssistantMessage) for call in turn.tool_calls}
    joined: list[tuple[str, list[types.Part]]] = []
    for turn in turns:
        for role, part in _parts(turn, names, signature_of):
            if joined and joined[-1][0] == role:
                joined[-1][1].append(part)
            else:
                joined.append((role, [part]))
    if not joined or joined[0][0] == "model":
        joined.insert(0, ("user", [types.Part(text=OPENING)]))
    if joined[-1][0] == "model":
        joined.append(("user", [types.Part(text=CLOSING)]))
    return [types.Content(role=role, parts=parts) for role, parts in joined]


def tools_of(tools: Sequence[Tool]) -> list[types.Tool]:
    """The tools."""
    declarations = [
        types.FunctionDeclaration(
            name=tool.name, description=tool.description, parameters_json_schema=copy_of(tool.parameters)
        )
        for tool in tools
    ]
    return [types.Tool(function_declarations=declarations)] if declarations else []


def tool_config_of(choice: ToolChoice) -> types.ToolConfig:
    """Which tool the model must or may call."""
    mode = {
        "none": types.FunctionCallingConfigMode.NONE,
        "required": types.FunctionCallingConfigMode.ANY,
        "function": types.FunctionCallingConfigMode.ANY,
    }.get(choice.mode, types.FunctionCallingConfigMode.AUTO)
    names = None if choice.name is None else [choice.name]
    return types.ToolConfig(
        function_calling_config=types.FunctionCallingConfig(mode=mode, allowed_function_names=names)
    )


def _parts(turn: Turn, names: dict[str, str], signature_of: SignatureOf) -> Iterator[tuple[str, types.Part]]:
    match turn:
        case UserMessage(content=content):
            for part in parts_of(content):
                yield "user", _part(part)
        case AssistantMessage(content=content, tool_calls=calls):
            text = text_of(content)
            if text:
                yield "model", types.Part(text=text)
            for index, call in enumerate(calls):
                made = types.FunctionCall(id=call.id, name=call.name, args=dict(arguments_of(call)))
                yield "model", types.Part(function_call=made, thought_signature=signature_of(call, is_first=index == 0))
        case ToolMessage(tool_call_id=call_id, error=error):
            key = "output" if error is None else "error"
            result = types.FunctionResponse(id=call_id, name=names.get(call_id), response={key: result_of(turn)})
            yield "user", types.Part(function_response=result)
        case _:
            # Instructions go apart from the conversation.
            return


def _part(part: TextPart | MediaPart) -> types.Part:
    if isinstance(part, TextPart):
        return types.Part(text=part.text)
    if part.data is None:
        url = url_of(part)
        mime_type = part.mime_type or mimetypes.guess_type(url)[0]
        return types.Part(file_data=types.FileData(file_uri=url, mime_type=mime_type))
    try:
        data = base64.b64decode(part.data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidError(f"An attachment ({kind_of(part)}) is not valid base64.") from error
    return types.Part(inline_data=types.Blob(data=data, mime_type=mime_type_of(part)))
