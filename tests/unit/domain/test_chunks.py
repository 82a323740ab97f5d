import pytest

from agui_runtime.domain import events as e
from agui_runtime.domain.chunks import Chunk, Opening, continues, end_of, opening_of, pieces_of

TEXT = e.TextMessageStart("m1", subagent_run_id="s1")
CALL = e.ToolCallStart("c1", "search", subagent_run_id="s1")
THOUGHT = e.ReasoningMessageStart("m1", subagent_run_id="s1")


@pytest.mark.parametrize(
    ("chunk", "opening"),
    [
        (e.TextMessageChunk(), TEXT),
        (e.TextMessageChunk("m1"), TEXT),
        (e.ToolCallChunk(), CALL),
        (e.ToolCallChunk("c1"), CALL),
        (e.ReasoningMessageChunk(), THOUGHT),
        (e.ReasoningMessageChunk("m1"), THOUGHT),
    ],
)
def test_a_chunk_continues_a_stream_of_its_kind_whose_id_it_names_or_leaves_out(chunk: Chunk, opening: Opening) -> None:
    assert continues(chunk, opening)


@pytest.mark.parametrize(
    ("chunk", "opening"),
    [
        (e.TextMessageChunk("m2"), TEXT),
        (e.TextMessageChunk("m1"), THOUGHT),
        (e.TextMessageChunk(), CALL),
        (e.ToolCallChunk("c2"), CALL),
        (e.ReasoningMessageChunk("m1"), TEXT),
        (e.TextMessageChunk(""), TEXT),
    ],
)
def test_a_chunk_of_another_kind_or_id_does_not(chunk: Chunk, opening: Opening) -> None:
    assert not continues(chunk, opening)


def test_a_message_of_chunks_is_the_assistants_unless_it_says_otherwise() -> None:
    assert opening_of(e.TextMessageChunk("m1")) == e.TextMessageStart("m1", "assistant")
    assert opening_of(e.TextMessageChunk("m1", "developer")) == e.TextMessageStart("m1", "developer")


@pytest.mark.parametrize("delta", [None, ""])
def test_a_chunk_without_text_adds_no_piece(delta: str | None) -> None:
    assert pieces_of(e.TextMessageChunk("m1", delta=delta), TEXT) == ()


@pytest.mark.parametrize(
    ("opening", "end"),
    [
        (TEXT, e.TextMessageEnd("m1", subagent_run_id="s1")),
        (CALL, e.ToolCallEnd("c1", subagent_run_id="s1")),
        (THOUGHT, e.ReasoningMessageEnd("m1", subagent_run_id="s1")),
    ],
)
def test_the_end_of_a_stream_is_of_its_kind_and_owner(opening: Opening, end: e.Event) -> None:
    assert end_of(opening) == end
