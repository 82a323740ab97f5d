import pytest

from agui_runtime.domain.identity import AgentName, RunId, ThreadId
from agui_runtime.domain.runs import (
    Denied,
    Failed,
    Finished,
    Interrupt,
    Interrupted,
    Outcome,
    RunInput,
    Stopped,
    keeps_state,
)


@pytest.mark.parametrize(
    ("outcome", "kept"),
    [
        (Finished(), True),
        (Interrupted((Interrupt("i"),)), True),
        (Stopped(), True),
        (Failed("broke"), False),
        (Denied("not that"), False),
    ],
)
def test_the_state_of_a_run_is_kept_unless_it_failed_or_was_denied(outcome: Outcome, kept: bool) -> None:
    assert keeps_state(outcome) is kept


def test_the_same_input_can_go_to_another_agent_with_that_agents_state() -> None:
    mine = RunInput(ThreadId("t"), RunId("r"), AgentName("a"), state={"mine": 1}, forwarded_props={"p": 1})
    other = mine.for_agent(AgentName("b"), {"other": 1})
    assert (other.agent_name, other.state, other.forwarded_props) == ("b", {"other": 1}, {"p": 1})
    assert mine.state == {"mine": 1}


def test_two_inputs_share_no_default() -> None:
    one, two = RunInput(ThreadId("t"), RunId("r")), RunInput(ThreadId("t"), RunId("r"))
    assert one.state == {}
    assert one.state is not two.state
    assert one.forwarded_props is not two.forwarded_props


def test_the_log_keeps_what_is_forwarded_but_no_credentials() -> None:
    props = {"a": 1, "Authorization": "secret", "config": {"authorization": "secret", "b": [1]}}
    given = RunInput(ThreadId("t"), RunId("r"), forwarded_props=props)
    assert given.for_log((), {}, ()).forwarded_props == {"a": 1, "config": {"b": [1]}}
    assert given.forwarded_props == props, "the agent still gets them"
