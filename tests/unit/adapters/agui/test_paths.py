"""Which operation a path names: contract agui §1."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agui_runtime.adapters.agui.paths import Target, target_of


@pytest.mark.parametrize(
    ("path", "operation", "ids"),
    [
        ("/info", "info", {}),
        ("/x/y/info", "info", {}),
        ("/info/", "info", {}),
        ("/agent/a/run", "agent/run", {"agentId": "a"}),
        ("/agent/a/connect", "agent/connect", {"agentId": "a"}),
        ("/agent/a/suggest", "agent/suggest", {"agentId": "a"}),
        ("/agent/a/stop/t", "agent/stop", {"agentId": "a", "threadId": "t"}),
        ("/threads", "threads/list", {}),
        ("/threads/clear", "threads/clear", {}),
        ("/threads/subscribe", "threads/subscribe", {}),
        ("/threads/t", "threads/update", {"threadId": "t"}),
        ("/threads/t/messages", "threads/messages", {"threadId": "t"}),
        ("/threads/t/archive", "threads/archive", {"threadId": "t"}),
        ("/memories/m", "memories", {"memoryId": "m"}),
        ("/cpk-debug-events", "debug-events", {}),
    ],
)
def test_the_last_segments_name_the_operation(path: str, operation: str, ids: dict[str, str]) -> None:
    assert target_of(path) == Target(operation, ids)


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/agent/a", "/agent/run", "/run", "/agent/a/run/x", "/health"])
def test_other_paths_name_nothing(path: str) -> None:
    assert target_of(path) is None


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_ids_are_decoded_whatever_they_hold(agent: str, thread: str) -> None:
    path = f"/agent/{quote(agent, safe='')}/stop/{quote(thread, safe='')}"
    assert target_of(path) == Target("agent/stop", {"agentId": agent, "threadId": thread})


@pytest.mark.parametrize("segment", ["%FF", "%C3", "a%E2%82", "%zz", "a%", "%4"])
def test_an_id_that_is_no_utf_8_names_nothing(segment: str) -> None:
    assert target_of(f"/agent/{segment}/run") is None
