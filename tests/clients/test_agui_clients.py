"""Real AG-UI clients in Node against a running server: the oldest and the newest that CopilotKit pins, and its core."""

import pytest

from tests.clients.agui_chats import ALL, HTTP, NEWER, assert_went_well, last_text, said, say, talk, types

pytestmark = pytest.mark.clients


@ALL
def test_a_text_arrives_whole(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("text:5"))
    assert_went_well(answer)
    assert said(answer) == [("user", "text:5"), ("assistant", "w0 w1 w2 w3 w4 ")]


@ALL
def test_a_long_text_arrives_whole(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("long:3000"))
    assert_went_well(answer)
    assert last_text(answer) == "".join(f"w{index} " for index in range(3000))


@ALL
def test_a_conversation_goes_on(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("text:1", "text:2", "hello"))
    assert_went_well(answer)
    assert last_text(answer) == "echo: hello"


@ALL
def test_chunk_events_come_expanded(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("chunks"))
    assert_went_well(answer)
    assert not [name for name in types(answer["steps"][0]) if name.endswith("_CHUNK")]
    assert ("assistant", "one two") in said(answer)
    assert ("tool", "chunk-result") in said(answer)


@ALL
def test_state_snapshots_and_deltas_make_the_clients_state(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("state"))
    assert_went_well(answer)
    assert answer["state"] == {"count": 1, "items": ["y", "x"], "nested": {}, "slash/key": {"~": 1}}


@HTTP
def test_a_delta_applies_to_the_state_that_the_client_sent(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("delta-only:replace"), state={"count": 1, "kept": True})
    assert_went_well(answer)
    assert answer["state"] == {"count": 2, "kept": True}


@NEWER
def test_reasoning_is_kept_as_reasoning(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("reasoning"))
    assert_went_well(answer)
    assert ("reasoning", "think hard") in said(answer)
    assert last_text(answer) == "answer"


@NEWER
def test_a_subagents_text_arrives(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("subagent"))
    assert_went_well(answer)
    assert last_text(answer) == "found"


@ALL
def test_steps_custom_and_raw_events_arrive(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("steps", "custom"))
    assert_went_well(answer)
    steps, custom = answer["steps"]
    assert types(steps).count("STEP_STARTED") == types(steps).count("STEP_FINISHED") == 2
    assert {"CUSTOM", "RAW"} <= set(types(custom))


@NEWER
def test_an_activity_is_kept_with_its_change(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("activity"))
    assert_went_well(answer)
    assert ("activity", {"steps": ["one", "two"]}) in said(answer)


@ALL
def test_a_servers_tool_comes_with_its_result(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("backend-tool"))
    assert_went_well(answer)
    assert said(answer)[-2:] == [("tool", "noon"), ("assistant", "it is noon")]


def test_a_frontend_tool_runs_in_the_client_and_its_result_is_answered(agui_server: str) -> None:
    answer = talk(agui_server, "core", *say("tool"))
    assert_went_well(answer)
    assert said(answer)[-2:] == [("tool", "color=red"), ("assistant", "tool said color=red")]


@ALL
def test_a_messages_snapshot_replaces_the_conversation(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("snapshot"))
    assert_went_well(answer)
    assert said(answer) == [("user", "snapshot"), ("assistant", "from snapshot")]


@NEWER
def test_a_question_is_answered_in_the_standard_form(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("interrupt"), {"answer": {"payload": {"approved": True}}})
    assert_went_well(answer)
    assert last_text(answer).endswith('=resolved:{"approved":true}')


@NEWER
def test_a_cancelled_question_is_told_to_the_agent(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("interrupt"), {"answer": {"status": "cancelled"}})
    assert_went_well(answer)
    assert "=cancelled:" in last_text(answer)


@HTTP
def test_a_question_is_answered_in_the_older_form(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("legacy-interrupt"), {"command": {"resume": "bob"}})
    assert last_text(answer) == 'legacy resume "bob"'


@ALL
def test_a_question_in_the_older_form_arrives_as_such(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("legacy-interrupt"))
    asked = [event for event in answer["steps"][0]["events"] if event["type"] == "CUSTOM"]
    assert [(event["name"], event["value"]) for event in asked] == [("on_interrupt", "what is your name?")]


@ALL
@pytest.mark.parametrize("scenario", ["error-mid", "error-mid:sync", "error-event", "no-finish", "bad-order"])
def test_a_failed_run_is_told_and_the_thread_goes_on(agui_server: str, client: str, scenario: str) -> None:
    answer = talk(agui_server, client, *say(scenario, "text:1"))
    assert types(answer["steps"][0])[-1] == "RUN_ERROR"
    assert last_text(answer) == "w0 "


@ALL
def test_what_came_before_a_failure_is_kept(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("error-event"))
    assert last_text(answer) == "partial"


@ALL
def test_an_agent_that_refuses_is_told_as_an_error(agui_server: str, client: str) -> None:
    answer = talk(agui_server, client, *say("error-before"))
    assert types(answer["steps"][0])[-1] == "RUN_ERROR"


def test_the_client_finds_the_runtime_over_one_endpoint(agui_server: str) -> None:
    answer = talk(agui_server, "core", *say("tool"), {"open": True}, transport="single")
    assert_went_well(answer)
    assert last_text(answer) == "tool said color=red"


def test_another_agent_answers_on_its_own(agui_server: str) -> None:
    answer = talk(agui_server, "core", *say("text:2"), agent="other")
    assert_went_well(answer)
    assert last_text(answer) == "w0 w1 "
