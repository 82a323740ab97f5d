"""Unmodified React frontends of three releases in a real browser, on another origin than the runtime's."""

from uuid import uuid4

import pytest

from tests.clients.frontend_page import Frontends

pytestmark = pytest.mark.browser

AGUI = ("1.74.0-v2", "1.74.0-v1", "1.50.0-v2", "1.50.0-v1")
ALL = pytest.mark.parametrize("frontend", [*AGUI, "1.10.6-v1"])
OF_AGUI = pytest.mark.parametrize("frontend", AGUI)
WITH_REASONING = pytest.mark.parametrize("frontend", ["1.74.0-v2", "1.74.0-v1"])
# The v1 chat of 1.50.0 goes on showing what it has shown, whichever runtime it talks to.
THAT_CLEAR = pytest.mark.parametrize("frontend", ["1.74.0-v2", "1.74.0-v1", "1.50.0-v2"])
WITH_QUESTIONS = pytest.mark.parametrize("frontend", ["1.74.0-v2", "1.74.0-v1", "1.50.0-v1"])


@ALL
def test_a_text_is_shown(frontends: Frontends, frontend: str) -> None:
    page = frontends.open(frontend)
    page.say("text:5")
    page.shows("w0 w1 w2 w3 w4")
    page.picture("text")
    assert page.errors() == []


@ALL
def test_a_frontend_tool_runs_in_the_page_and_its_result_is_answered(frontends: Frontends, frontend: str) -> None:
    page = frontends.open(frontend)
    page.say("tool")
    page.has_color("red")
    page.shows("tool said color=red")
    page.picture("tool")


@ALL
def test_state_snapshots_and_deltas_reach_the_page(frontends: Frontends, frontend: str) -> None:
    page = frontends.open(frontend)
    page.say("state")
    page.shows("state done")
    page.has_state(count=1, items=["y", "x"])


@ALL
def test_steps_do_not_disturb_the_text(frontends: Frontends, frontend: str) -> None:
    page = frontends.open(frontend)
    page.say("steps")
    page.shows("acting")


@WITH_REASONING
def test_reasoning_does_not_disturb_the_text_where_the_frontend_knows_it(frontends: Frontends, frontend: str) -> None:
    page = frontends.open(frontend)
    page.say("reasoning")
    page.shows("answer")
    page.picture("reasoning")


@WITH_QUESTIONS
def test_a_question_is_asked_answered_and_the_run_goes_on(frontends: Frontends, frontend: str) -> None:
    page = frontends.open(frontend)
    page.say("interrupt")
    page.shows("need approval")
    page.picture("question")
    page.approve()
    page.shows("approved")


@OF_AGUI
def test_a_stopped_run_ends_and_the_next_message_is_answered_at_once(frontends: Frontends, frontend: str) -> None:
    page = frontends.open(frontend)
    page.say("slow:200:50")
    page.shows("w0 w1")
    page.stop()
    page.say("text:2")
    page.shows("text:2")
    page.page.get_by_text("w0 w1", exact=True).last.wait_for()
    assert "w199" not in page.text()


@ALL
def test_a_reloaded_page_shows_the_conversation_again(frontends: Frontends, frontend: str) -> None:
    thread = str(uuid4())
    page = frontends.open(frontend, thread_id=thread)
    page.say("state")
    page.shows("state done")
    page = frontends.open(frontend, thread_id=thread)
    page.shows("state done")
    page.has_state(count=1)
    page.picture("reloaded")


@OF_AGUI
def test_a_reloaded_page_shows_what_came_after_a_stopped_and_a_failed_run(frontends: Frontends, frontend: str) -> None:
    thread = str(uuid4())
    page = frontends.open(frontend, thread_id=thread)
    page.say("slow:200:50")
    page.shows("w0 w1")
    page.stop()
    page.say("error-event")
    page.shows("partial")
    page.say("text:3")
    page.shows("w0 w1 w2")
    again = frontends.open(frontend, thread_id=thread)
    again.shows("partial")
    again.shows("w0 w1 w2")


@THAT_CLEAR
def test_another_thread_has_another_conversation(frontends: Frontends, frontend: str) -> None:
    page = frontends.open(frontend, thread_id=str(uuid4()))
    page.say("text:4")
    page.shows("w0 w1 w2 w3")
    page.open_thread("thread-a")
    page.does_not_show("w0 w1 w2 w3")


@OF_AGUI
def test_a_second_tab_follows_the_run_of_the_first(frontends: Frontends, frontend: str) -> None:
    thread = str(uuid4())
    first = frontends.open(frontend, thread_id=thread)
    first.say("slow:40:100")
    first.shows("w0 w1")
    second = frontends.open(frontend, thread_id=thread)
    second.shows("slow:40:100")
    second.shows("w39")
    first.shows("w39")


@OF_AGUI
def test_what_a_frontend_of_the_old_protocol_said_is_shown_by_one_of_the_new(
    frontends: Frontends, frontend: str
) -> None:
    thread = str(uuid4())
    old = frontends.open("1.10.6-v1", thread_id=thread)
    old.say("text:3")
    old.shows("w0 w1 w2")
    new = frontends.open(frontend, thread_id=thread)
    new.shows("w0 w1 w2")
    new.say("backend-tool")
    new.shows("it is noon")
    old = frontends.open("1.10.6-v1", thread_id=thread)
    old.shows("it is noon")


def test_a_failure_is_told_in_words_for_people(frontends: Frontends) -> None:
    page = frontends.open("1.74.0-v2")
    page.say("error-event")
    page.shows("partial")
