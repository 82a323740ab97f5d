"""Every recorded request gets the recorded answer, but for what differs on purpose."""

import pytest

from tests.integration.deviations import DEVIATIONS
from tests.integration.host import Host
from tests.integration.recordings import NAMES, Normal, Recording, fresh_thread, normal, recording
from tests.support.graphql_client import Answer, ask

VERSION = "x-copilotkit-runtime-client-gql-version"


def _send(host: Host, sent: Recording, thread: str) -> Answer:
    return ask(host.at(sent.path), sent.body(thread), method=sent.method, headers=sent.headers)


def _ours(host: Host, sent: Recording) -> Normal:
    thread = fresh_thread()
    return normal(_send(host, sent, thread), thread)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in DEVIATIONS])
def test_a_recorded_request_gets_the_recorded_answer(either_host: Host, name: str) -> None:
    sent = recording(name)
    assert _ours(either_host, sent) == sent.answer()


@pytest.mark.parametrize("name", DEVIATIONS)
def test_a_deviation_is_one_and_is_the_one_we_mean(either_host: Host, name: str) -> None:
    sent = recording(name)
    ours = _ours(either_host, sent)
    assert ours != sent.answer(), f"{name} is no deviation any more"
    assert ours == DEVIATIONS[name].ours(sent.answer()), DEVIATIONS[name].reason


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_body_is_sent_with_its_recorded_length(name: str) -> None:
    body = recording(name).body(fresh_thread())
    assert len(body or b"") == (recording(name).declared_length() or 0)


@pytest.mark.parametrize("name", ["text-1", "raw-hello", "raw-sub-path", "error-before"])
def test_a_client_is_told_its_own_version_or_none(host: Host, name: str) -> None:
    sent = recording(name)
    answer = _send(host, sent, fresh_thread())
    assert answer.headers.get("x-copilotkit-runtime-version") == sent.headers.get(VERSION)
