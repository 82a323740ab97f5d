"""Frontends of a whole runtime are told of every fault of a remote agent, soon, and can go on at once."""

import pytest

from tests.integration.remote_fault_table import (
    FAULTS,
    FRONTENDS,
    LINE_FAULTS,
    NOBODY,
    Row,
    behind_a_runtime,
    row_of,
)
from tests.support.aio import run

NOT_REACHED = "The agent 'down' cannot be reached. Please check that it is running and that its address is right."
NO_END = "The agent 'far' ended its stream without saying how its run came out (no RUN_FINISHED, no RUN_ERROR)."
IMPOSSIBLE = "The agent {!r} failed. TEXT_MESSAGE_END came for the text message 'other', which is not open."
CUT = "The agent 'far' failed. The run was cut: it took longer than 3 seconds, the limit of one run."
TOLD = {
    NOBODY: NOT_REACHED,
    "no answer": "The agent 'far' did not answer within 1 seconds.",
    "HTTP 401": "The agent 'far' did not accept the runtime's credentials (HTTP 401).",
    "HTTP 404": "The agent 'far' was not found at its address (HTTP 404).",
    "HTTP 500": "The agent 'far' answered with HTTP 500.",
    "HTTP 503, three times": "The agent 'far' answered with HTTP 503.",
    "a redirect": "The agent 'far' answered with HTTP 307.",
    "a web page": "The agent 'far' answered with something else than an event stream.",
    "a web page that says it is an event stream": NO_END,
    "nothing": NO_END,
    "broken JSON": "The agent 'far' sent an event that is not valid JSON.",
    "half an event": "The stream of the agent 'far' broke off within an event.",
    "an event that AG-UI does not know the fields of": "The agent 'far' sent an event that AG-UI does not allow. ",
    "an impossible order": IMPOSSIBLE.format("far"),
    "events after the end": "The agent 'far' failed. STEP_STARTED came after RUN_FINISHED.",
    "no terminal event": NO_END,
    "silence in the middle": "The agent 'far' was silent for 1 seconds.",
    "a connection that breaks": "The stream of the agent 'far' broke off.",
    "an event of 100 MB": "The agent 'far' sent an event of more than 8388608 bytes.",
    "a run that never ends": CUT,
    "an answer that trickles in": CUT,
    "more events than a run may have": "The agent 'far' failed. The run was cut: it has more than 5000 events",
    "keep-alive comments for ever": CUT,
}
TOLD_OF_LINES = {
    "no answer": "The agent 'crew' did not answer within 1 seconds.",
    "HTTP 500": "The agent 'crew' answered with HTTP 500.",
    "a web page": "The agent 'crew' answered with something else than JSON lines.",
    "a web page that says it is JSON": "The stream of the agent 'crew' broke off within a line.",
    "broken JSON": "The agent 'crew' sent a line that is not valid JSON.",
    "half a line": "The stream of the agent 'crew' broke off within a line.",
    "a line without its fields": "The agent 'crew' sent a line that does not fit. The field",
    "an impossible order": IMPOSSIBLE.format("crew"),
    "silence in the middle": "The agent 'crew' was silent for 1 seconds.",
    "a connection that breaks": "The stream of the agent 'crew' broke off.",
    "a line of 100 MB": "The agent 'crew' sent a line of more than 8388608 bytes.",
    "a run that never ends": CUT.replace("far", "crew"),
}
BEFORE_ANY_TEXT = list(TOLD)[: list(TOLD).index("broken JSON")]
GENEROUS = 15.0
"""Seconds: the longest run is cut after 3, and the machine may be busy."""
both = pytest.mark.parametrize("frontend", FRONTENDS)


def seen(fault: str, agent: str, frontend: str) -> Row:
    async def main() -> Row:
        async with behind_a_runtime() as (url, upstream):
            return await row_of(url, upstream, fault, agent=agent, frontend=frontend)

    return run(main())


def test_every_fault_has_its_row() -> None:
    assert set(TOLD) == {*FAULTS, NOBODY} - {"ok"}
    assert set(TOLD_OF_LINES) == set(LINE_FAULTS) - {"ok"}


@pytest.mark.parametrize("fault", TOLD)
@both
def test_a_fault_is_told_in_bounded_time_and_leaves_the_thread_usable(fault: str, frontend: str) -> None:
    row = seen(fault, "far", frontend)
    assert row.told.startswith(TOLD[fault])
    assert ("'down'" if fault == NOBODY else "'far'") in row.told
    assert "secret" not in row.told
    assert row.seconds < GENEROUS
    assert row.usable
    assert row.kept == (fault not in BEFORE_ANY_TEXT)


@pytest.mark.parametrize("fault", TOLD_OF_LINES)
@both
def test_a_fault_of_a_remote_endpoint_s_agent_is_told_likewise(fault: str, frontend: str) -> None:
    row = seen(fault, "crew", frontend)
    assert row.told.startswith(TOLD_OF_LINES[fault])
    assert "'crew'" in row.told
    assert "secret" not in row.told
    assert row.seconds < GENEROUS
    assert row.usable
    assert row.kept == (fault not in BEFORE_ANY_TEXT and not fault.startswith("a web page"))


@pytest.mark.parametrize(("fault", "agent"), [("an event of 100 MB", "far"), ("a line of 100 MB", "crew")])
def test_of_an_event_of_100_mb_only_a_part_is_taken(fault: str, agent: str) -> None:
    # Its limit, and what the sockets between hold.
    assert seen(fault, agent, "GraphQL").upstream < 32 * 1024 * 1024
