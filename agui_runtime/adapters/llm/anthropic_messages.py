"""A conversation in the form of Anthropic's messages API: turns of user and assistant, made of blocks."""

from collections.abc import Iterator, Sequence
from typing import Literal, cast

from anthropic.types import (
    Base64ImageSourceParam,
    DocumentBlockParam,
    ImageBlockParam,
    MessageParam,
    RedactedThinkingBlockParam,
    TextBlockParam,
    ThinkingBlockParam,
    ToolChoiceParam,
    ToolParam,
    ToolResultBlockParam,
    ToolUseBlockParam,
)

from agui_runtime.adapters.llm.conversation import (
    CLOSING,
    OPENING,
    Turn,
    arguments_of,
    kind_of,
    mime_type_of,
    not_taken,
    parts_of,
    result_of,
    url_of,
)
from agui_runtime.adapters.llm.parameters import ToolChoice
from agui_runtime.adapters.llm.seals import Thought, Thoughts
from agui_runtime.domain.json_value import copy_of
from agui_runtime.domain.messages import AssistantMessage, MediaPart, TextPart, ToolMessage, UserMessage, text_of
from agui_runtime.domain.tools import Tool

Block = (
    TextBlockParam
    | ImageBlockParam
    | DocumentBlockParam
    | ToolUseBlockParam
    | ToolResultBlockParam
    | ThinkingBlockParam
    | RedactedThinkingBlockParam
)
Role = Literal["user", "assistant"]

API = "anthropic"
"""Under which its thoughts are sealed."""

_IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})


def messages_of(turns: Sequence[Turn], provider: str, thoughts: Thoughts) -> list[MessageParam]:
    """The conversation without its instructions.

    Neighbours of one role are joined: all results of an answer's calls belong into one turn. Thoughts go back where
    they stood in their answer, unchanged: the API checks their signatures.

    Raises:
        InvalidError: an attachment that has no form here.
    """
    joined: list[tuple[Role, list[Block]]] = []
    for turn in turns:
        for role, block in _blocks(turn, provider, thoughts):
            if joined and joined[-1][0] == role:
                joined[-1][1].append(block)
            else:
                joined.append((role, [block]))
    if not joined or joined[0][0] == "assistant":
        joined.insert(0, ("user", [{"type": "text", "text": OPENING}]))
    if joined[-1][0] == "assistant":
        # Newer models go on with no answer that is begun for them.
        joined.append(("user", [{"type": "text", "text": CLOSING}]))
    return [_message(role, blocks) for role, blocks in joined]


def tools_of(tools: Sequence[Tool]) -> list[ToolParam]:
    """The tools."""
    return [
        {"name": tool.name, "description": tool.description, "input_schema": copy_of(tool.parameters)} for tool in tools
    ]


def tool_choice_of(choice: ToolChoice | None, *, parallel: bool) -> ToolChoiceParam | None:
    """Which tool the model must or may call, and whether several at once."""
    if choice is None and parallel:
        return None
    alone = not parallel
    if choice is not None and choice.name is not None:
        return {"type": "tool", "name": choice.name, "disable_parallel_tool_use": alone}
    match choice.mode if choice is not None else "auto":
        case "none":
            return {"type": "none"}
        case "required":
            return {"type": "any", "disable_parallel_tool_use": alone}
        case _:
            return {"type": "auto", "disable_parallel_tool_use": alone}


def _message(role: Role, blocks: list[Block]) -> MessageParam:
    if role == "user":
        return {"role": "user", "content": blocks}
    return {"role": "assistant", "content": blocks}


def _blocks(turn: Turn, provider: str, thoughts: Thoughts) -> Iterator[tuple[Role, Block]]:
    match turn:
        case UserMessage(content=content):
            for part in parts_of(content):
                yield "user", _part(part, provider)
        case AssistantMessage():
            for block in _answer(turn, thoughts.get(turn.id, ())):
                yield "assistant", block
        case ToolMessage(tool_call_id=call_id, error=error):
            result: ToolResultBlockParam = {
                "type": "tool_result",
                "tool_use_id": call_id,
                "content": result_of(turn),
            }
            if error is not None:
                result["is_error"] = True
            yield "user", result
        case _:
            # Instructions go apart from the conversation.
            return


def _answer(turn: AssistantMessage, thoughts: Sequence[Thought]) -> list[Block]:
    blocks: list[Block] = []
    text = text_of(turn.content)
    if text:
        blocks.append({"type": "text", "text": text})
    blocks.extend(
        {"type": "tool_use", "id": call.id, "name": call.name, "input": dict(arguments_of(call))}
        for call in turn.tool_calls
    )
    for thought in thoughts:
        # The API takes no answer that ends with a thought.
        blocks.insert(min(thought.seal.place, len(blocks) - 1), _thought(thought))
    return blocks


def _thought(thought: Thought) -> Block:
    facts = thought.seal.facts
    if "redacted" in facts:
        return {"type": "redacted_thinking", "data": facts["redacted"]}
    return {"type": "thinking", "thinking": thought.text, "signature": facts.get("signature", "")}


def _part(part: TextPart | MediaPart, provider: str) -> Block:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    match kind_of(part):
        case "image" if part.data is None:
            return {"type": "image", "source": {"type": "url", "url": url_of(part)}}
        case "image" if mime_type_of(part) in _IMAGE_TYPES:
            media_type = cast("Literal['image/png']", mime_type_of(part))
            source: Base64ImageSourceParam = {"type": "base64", "media_type": media_type, "data": part.data or ""}
            return {"type": "image", "source": source}
        case "document" if part.data is None:
            return {"type": "document", "source": {"type": "url", "url": url_of(part)}}
        case "document" if mime_type_of(part) == "application/pdf":
            data = part.data or ""
            return {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}}
        case _:
            raise not_taken(part, provider)
