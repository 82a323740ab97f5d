"""Every recorded request gets the recorded answer, but for what differs on purpose."""

import pytest

from tests.integration.agui.deviations import DEVIATIONS, RULES, expected
from tests.integration.agui.live_recordings import PLANS
from tests.integration.agui.recordings import NAMES, normal, recording
from tests.integration.host import Host
from tests.support.aio import run
from tests.support.graphql_client import exchange


@pytest.fixture
def undisturbed(name: str, request: pytest.FixtureRequest) -> Host:
    """The conformance host; one of its own for a recording that lists threads, where other tests' runs would show."""
    lists = any(sent.path.partition("?")[0].endswith("/threads") for sent in recording(name).exchanges)
    host: Host = request.getfixturevalue("host_alone" if lists else "host")
    return host


@pytest.mark.parametrize("name", [name for name in NAMES if name not in PLANS])
def test_a_recorded_request_gets_the_recorded_answer(undisturbed: Host, name: str) -> None:
    host = undisturbed
    for index, sent in enumerate(recording(name).exchanges):
        answer = run(exchange(host.at(sent.path), sent.body, method=sent.method, headers=sent.headers))
        if sent.is_for_another_mount:
            assert answer.status == 200
        else:
            assert normal(answer) == expected(name, index, sent), f"exchange {index} {sent.label}"


@pytest.mark.parametrize(("name", "index"), DEVIATIONS)
def test_a_deviation_is_one(name: str, index: int) -> None:
    sent = recording(name).exchanges[index]
    assert expected(name, index, sent) != sent.answer()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.reason)
def test_a_rule_changes_some_recording(rule: object) -> None:
    answers = [sent.answer() for name in NAMES for sent in recording(name).exchanges]
    assert any(rule.ours(answer) != answer for answer in answers)  # type: ignore[attr-defined]
