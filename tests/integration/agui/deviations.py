"""Where our answer is another than the recorded one, on purpose: why, and what we answer instead.

docs/compatibility.md says the same for people.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from agui_runtime import __version__
from tests.integration.agui.recordings import Exchange, Normal

Events = Sequence[Mapping[str, Any]]


@frozen
class Deviation:
    """One difference.

    Attributes:
        ours: our whole answer, made from the recorded one.
    """

    reason: str
    ours: Callable[[Normal], Normal]


def expected(name: str, index: int, exchange: Exchange) -> Normal:
    """What we answer to a recorded exchange."""
    answer = exchange.answer()
    for rule in RULES:
        answer = rule.ours(answer)
    deviation = DEVIATIONS.get((name, index))
    return answer if deviation is None else deviation.ours(answer)


def _info(answer: Normal) -> Normal:
    told = answer.result
    if not isinstance(told, dict) or "audioFileTranscriptionEnabled" not in told:
        return answer
    agents = {
        name: {"name": name, "description": agent["description"], "className": "Agent"}
        for name, agent in told["agents"].items()
    }
    ours = {**told, "version": __version__, "agents": agents}
    served = {"list": True, "inspect": True, "mutations": True, "realtimeMetadata": False}
    if "singleRoute" in told:
        ours["singleRoute"] = {"resourceOperations": True, "threadEndpoints": served}
    else:
        ours["threadEndpoints"] = served
    return evolve(answer, result=ours)


def _of_events(change: Callable[[Events], list[Any]]) -> Callable[[Normal], Normal]:
    def ours(answer: Normal) -> Normal:
        return evolve(answer, result=change(answer.result)) if isinstance(answer.result, list) else answer

    return ours


def _questions(events: Events) -> list[Any]:
    told: list[Any] = []
    for event in events:
        match event:
            case {"type": "RUN_FINISHED", "outcome": {"type": "interrupt", "interrupts": interrupts}}:
                told.extend({"type": "CUSTOM", "name": "on_interrupt", "value": each["message"]} for each in interrupts)
            case _:
                pass
        told.append(event)
    return told


def _ids(events: Events) -> list[Any]:
    run: dict[str, Any] = {}
    told: list[Any] = []
    for event in events:
        if event["type"] == "RUN_STARTED":
            run = {"threadId": event["threadId"], "runId": event["runId"]}
        told.append({**event, **run} if event["type"] == "RUN_FINISHED" else event)
    return told


def _no_empty_piece(events: Events) -> list[Any]:
    return [event for event in events if event.get("delta") != ""]


RULES = (
    Deviation("our own version; classes and capabilities are JavaScript's; threads can be renamed and deleted", _info),
    Deviation(
        "questions of the standard form are asked in LangGraph's too: UIs before 1.69 know no other",
        _of_events(_questions),
    ),
    Deviation("a stopped run's end has its ids: without them clients lose what follows", _of_events(_ids)),
    Deviation("an empty piece of text is left out: clients before 0.0.53 break on it", _of_events(_no_empty_piece)),
)
"""Differences that may be in any recording."""


def _subagent(answer: Normal) -> Normal:
    events = answer.result
    owner = next(event["subagentRunId"] for event in events if event["type"] == "SUBAGENT_STARTED")
    return evolve(
        answer,
        result=[
            {**event, "subagentRunId": owner} if event["type"] == "TEXT_MESSAGE_CONTENT" else event for event in events
        ],
    )


def _details(text: str) -> Callable[[Normal], Normal]:
    return lambda answer: evolve(answer, result={**answer.result, "details": text})


def _body(
    result: Any, status: int | None = None, headers: Mapping[str, str] | None = None
) -> Callable[[Normal], Normal]:
    def ours(answer: Normal) -> Normal:
        return Normal(status or answer.status, answer.headers if headers is None else headers, result)

    return ours


def _graphql(document: str, *, allow: bool = False) -> Callable[[Normal], Normal]:
    headers = {"content-type": "text/event-stream", "cache-control": "no-cache"}
    body = f":\n\nevent: next\ndata: {document}\n\nevent: complete\ndata:\n\n"
    return _body(body, 200, {**headers, "allow": "GET, POST"} if allow else headers)


def _from_state(state: Any, runs: Sequence[str]) -> Callable[[Normal], Normal]:
    """Runs that were sent no state began from the stored one."""

    def change(events: Events) -> list[Any]:
        return [
            {**event, "input": {**event["input"], "state": state}}
            if event["type"] == "RUN_STARTED" and event["runId"] in runs
            else event
            for event in events
        ]

    return _of_events(change)


def _error_in_the_past(answer: Normal) -> Normal:
    def told(event: Mapping[str, Any]) -> Mapping[str, Any]:
        if event["type"] != "RUN_ERROR":
            return event
        metadata = {"error": {"message": event["message"], "code": "INCOMPLETE_STREAM"}}
        thread = answer.result[0]["threadId"]
        return {"type": "RUN_FINISHED", "threadId": thread, "runId": "r-m3", "metadata": metadata}

    return evolve(answer, result=[told(event) for event in answer.result])


def _kept_state(answer: Normal) -> Normal:
    return evolve(
        answer,
        result=[
            {**event, "snapshot": {"count": 2, "keep": True}} if event["type"] == "STATE_SNAPSHOT" else event
            for event in answer.result
        ],
    )


def _said_before(answer: Normal) -> Normal:
    message = "r-run-error-mid-sync-m"
    said = [
        {"type": "TEXT_MESSAGE_START", "messageId": message, "role": "assistant"},
        {"type": "TEXT_MESSAGE_CONTENT", "messageId": message, "delta": "partial"},
        {"type": "TEXT_MESSAGE_END", "messageId": message},
    ]
    return evolve(answer, result=[answer.result[0], *said, *answer.result[1:]])


def _busy(_: Normal) -> Normal:
    text = "This conversation is still being answered. Wait for the answer to end, or stop it, and try again."
    headers = {"content-type": "text/event-stream", "cache-control": "no-cache"}
    return Normal(200, headers, [{"type": "RUN_ERROR", "message": text, "code": "THREAD_BUSY"}])


def _first_page(answer: Normal) -> Normal:
    return evolve(answer, result={"threads": answer.result["threads"][:1]})


def _renamed(_: Normal) -> Normal:
    thread = {
        "id": "t-th1",
        "name": "x",
        "agentId": "default",
        "organizationId": "",
        "createdById": "",
        "archived": False,
        "createdAt": "TIME",
        "updatedAt": "TIME",
    }
    return Normal(200, {"content-type": "application/json"}, thread)


_JSON = {"content-type": "application/json"}
_GONE = {"error": "Failed to archive thread", "message": "There is no such thread.", "code": "NOT_FOUND"}
_INVALID = "faults are told with their paths, in our words"
_BOTH = "both transports and GraphQL are served on one path: what is no envelope is GraphQL's to answer"
_STORED = "a run that is sent no state begins from the stored one"
_SERVED = "threads are renamed, archived and deleted without a cloud"
_NO_QUERY = '{"errors":[{"message":"Must provide query string.","extensions":{"code":"BAD_REQUEST"}}]}'
_BAD_JSON = (
    '{"errors":[{"message":"POST body sent invalid JSON.","extensions":{"code":"BAD_REQUEST","originalError":'
    '{"name":"SyntaxError","message":"Expecting property name enclosed in double quotes: line 1 column 2 (char 1), '
    '\\"{nope\\" is not valid JSON"}}}]}'
)
_CLOUD = "is a feature of CopilotKit's cloud; this runtime does not offer it."
_INPUT = "The run input is invalid: "
_BROKEN = "The text is not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."
_ROLES = "expected a role of user, assistant, system, developer, tool, activity, reasoning @ $.messages[0]."
_AFTER_STATE = {"count": 1, "items": ["y", "x"], "nested": {}, "slash/key": {"~": 1}}


def _replayed(answer: Normal) -> Normal:
    return _from_state(_AFTER_STATE, ("r-m3", "r-m4"))(_error_in_the_past(answer))


DEVIATIONS: Mapping[tuple[str, int], Deviation] = {
    ("client-core-subagent", 3): Deviation("merged pieces keep their owner", _subagent),
    ("run-subagent", 1): Deviation("merged pieces keep their owner", _subagent),
    ("connect-finished-multi-run", 2): Deviation(_STORED, _from_state(_AFTER_STATE, ("r-m3",))),
    ("connect-finished-multi-run", 3): Deviation(_STORED, _from_state(_AFTER_STATE, ("r-m4",))),
    ("connect-finished-multi-run", 4): Deviation("clients before 0.0.59 take no run behind an error", _replayed),
    ("connect-finished-multi-run", 5): Deviation("clients before 0.0.59 take no run behind an error", _replayed),
    ("error-invalid-body", 0): Deviation(_INVALID, _details(_BROKEN)),
    ("error-invalid-body", 1): Deviation(_INVALID, _details("The body is empty.")),
    ("error-invalid-body", 2): Deviation(_INVALID, _details(f"{_INPUT}required field missing @ $.messages.")),
    ("error-invalid-body", 3): Deviation(_INVALID, _details(_INPUT + _ROLES)),
    ("error-invalid-body", 4): Deviation(
        _INVALID, _details(f"{_INPUT}required field missing @ $.messages[0].toolCallId.")
    ),
    ("error-invalid-body", 5): Deviation(_INVALID, _details(f"{_INPUT}required field missing @ $.runId.")),
    ("error-single-route", 0): Deviation(_BOTH, _graphql(_NO_QUERY, allow=True)),
    ("error-single-route", 2): Deviation(_BOTH, _body("", headers={})),
    ("error-single-route", 3): Deviation(_BOTH, _graphql(_BAD_JSON)),
    ("error-single-route", 4): Deviation(_BOTH, _graphql(_NO_QUERY, allow=True)),
    ("error-single-route", 11): Deviation(
        _BOTH, _graphql('{"data":{"availableAgents":{"agents":[{"id":"echo"},{"id":"stateful"}]}}}')
    ),
    ("error-single-route", 12): Deviation(
        _BOTH, _graphql('{"data":{"availableAgents":{"agents":[{"id":"default"},{"id":"other"}]}}}')
    ),
    ("error-wrong-method", 7): Deviation(_BOTH, _graphql(_NO_QUERY, allow=True)),
    ("other-endpoints", 1): Deviation("in our words", _body({"error": f"annotate {_CLOUD}"})),
    ("react-v2-thread-switch", 4): Deviation("the thread is another recording's: here it is unknown", _body([])),
    ("run-delta-only-add", 1): Deviation("a state is folded from the one that the run began with", _kept_state),
    ("run-error-mid-sync", 0): Deviation("nothing that was said before an error is lost", _said_before),
    ("run-error-mid-sync", 1): Deviation("nothing that was said before an error is lost", _said_before),
    ("run-single-route", 4): Deviation("a list has a limit, and shows what this test made", _first_page),
    ("thread-busy", 1): Deviation("a busy thread says so", _busy),
    ("threads", 10): Deviation(_SERVED, _renamed),
    ("threads", 11): Deviation(_SERVED, _body("", 204, {})),
    ("threads", 12): Deviation(_SERVED, _body(_GONE, 404, _JSON)),
    ("threads", 13): Deviation("in our words", _body({"error": f"threads/subscribe {_CLOUD}"})),
}
