"""The list of threads and what is kept of one, over HTTP: contract agui §1."""

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from tests.conformance.agui_agents import agui_agents
from tests.integration.host import Host
from tests.support.agui_client import opened, play, replay, run_input, send, types_of
from tests.support.aio import run
from tests.support.graphql_client import Answer, exchange
from tests.support.serving import runtime, serving

URL = "/api/copilotkit"


def ask(host: Host, path: str, body: Any = None, *, method: str = "GET", single: bool = False) -> Answer:
    """A request to a resource, by its own path or through the envelope."""
    if not single:
        return send(host.url + path, body, method=method)
    params = {"path": path, "httpMethod": method}
    return send(host.url, {"method": "resource/request", "params": params, **({"body": body} if body else {})})


def thread_of(host: Host, text: str = "text:1", agent: str = "default") -> str:
    thread = f"thread-{uuid4()}"
    play(host.url, text, thread=thread, agent=agent)
    return thread


def listed(host: Host, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(host, f"/threads?{urlencode(query)}").json()["threads"]
    return found


def test_a_run_makes_a_thread_that_is_listed_first(host: Host) -> None:
    thread = thread_of(host)
    first = listed(host, agentId="default")[0]
    assert (first["id"], first["name"], first["agentId"], first["archived"]) == (thread, None, "default", False)
    assert first["createdAt"].endswith("Z")


def test_a_list_is_one_agent_s(host: Host) -> None:
    thread = thread_of(host, agent="other")
    assert thread in [each["id"] for each in listed(host, agentId="other")]
    assert thread not in [each["id"] for each in listed(host, agentId="default")]
    assert listed(host, agentId="nobody") == []


def test_a_list_goes_on_where_it_ended(host: Host) -> None:
    threads = [thread_of(host) for _ in range(3)]
    page = ask(host, "/threads?limit=2").json()
    rest = listed(host, limit=1, cursor=page["nextCursor"])
    assert [each["id"] for each in (*page["threads"], *rest)] == threads[::-1]


@pytest.mark.parametrize("single", [False, True])
def test_a_thread_is_renamed_archived_taken_back_and_deleted(host: Host, single: bool) -> None:
    thread = thread_of(host)
    path = f"/threads/{thread}"
    named = ask(host, path, {"agentId": "default", "name": "Trip"}, method="PATCH", single=single)
    assert named.json()["name"] == "Trip"
    assert ask(host, f"{path}/archive", {"agentId": "default"}, method="POST", single=single).json()["archived"] is True
    assert thread not in [each["id"] for each in listed(host)]
    assert thread in [each["id"] for each in listed(host, includeArchived="true")]
    back = ask(host, path, {"agentId": "default", "archived": False}, method="PATCH", single=single)
    assert (back.json()["archived"], back.json()["name"]) == (False, "Trip")
    assert ask(host, path, {"agentId": "default"}, method="DELETE", single=single).status == 204
    assert ask(host, f"{path}/messages", single=single).json() == {"messages": []}
    assert send(f"{host.url}/agent/default/connect", run_input(thread=thread)).body == b""


def test_messages_are_those_of_the_conversation(host: Host) -> None:
    thread = thread_of(host, "tool")
    user, said, called = ask(host, f"/threads/{thread}/messages").json()["messages"], None, None
    (user, said), called = user[:2], user[1].get("toolCalls")
    assert (user["role"], user["content"]) == ("user", "tool")
    assert (said["role"], said["content"]) == ("assistant", "calling tool")
    assert called is not None
    assert {**called[0], "id": ""} == {"id": "", "name": "setColor", "args": '{"color":"red"}'}


def test_events_are_those_of_a_replay(host: Host) -> None:
    thread = thread_of(host, "state")
    assert ask(host, f"/threads/{thread}/events").json()["events"] == replay(host.url, thread)


def test_the_state_is_the_stored_one(host: Host) -> None:
    assert ask(host, f"/threads/{thread_of(host, 'state')}/state").json()["state"]["count"] == 1
    assert ask(host, f"/threads/{thread_of(host)}/state").json() == {"state": None}


@pytest.mark.parametrize("part", ["messages", "events"])
def test_an_unknown_thread_has_nothing(host: Host, part: str) -> None:
    assert ask(host, f"/threads/nobody-s/{part}").json() == {part: []}


@pytest.mark.parametrize(("path", "method"), [("/threads/nobody-s", "PATCH"), ("/threads/nobody-s/archive", "POST")])
def test_an_unknown_thread_cannot_be_changed(host: Host, path: str, method: str) -> None:
    assert ask(host, path, {"name": "x"}, method=method).status == 404


def test_deleting_twice_is_harmless(host: Host) -> None:
    thread = thread_of(host)
    for _ in range(2):
        assert ask(host, f"/threads/{thread}", method="DELETE").status == 204


def test_a_thread_with_a_live_run_is_not_deleted(host: Host) -> None:
    async def story() -> Answer:
        async with opened(f"{host.url}/agent/default/run", run_input("slow:6:30", thread="thread-in-use")) as stream:
            await stream.until('"w1 "')
            answer = await exchange(f"{host.url}/threads/thread-in-use", method="DELETE")
            await stream.rest()
            return answer

    answer = run(story())
    assert (answer.status, answer.json()["code"]) == (409, "THREAD_BUSY")
    assert types_of(replay(host.url, "thread-in-use"))[-1] == "RUN_FINISHED"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"{", "not valid JSON"),
        ([], "expected an object @ $"),
        ({}, "expected a name or archived @ $"),
        (None, "expected a name or archived @ $"),
        ({"name": 1}, "expected a string @ $.name"),
        ({"name": None}, "expected a string @ $.name"),
        ({"archived": "yes"}, "expected a boolean @ $.archived"),
    ],
)
def test_a_broken_change_is_refused_with_the_path_of_the_fault(host: Host, body: Any, fault: str) -> None:
    answer = ask(host, "/threads/t", body, method="PATCH")
    assert answer.status == 400
    assert fault in answer.json()["details"]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 5000])
def test_a_name_that_is_none_is_refused_and_changes_nothing(host: Host, name: str) -> None:
    thread = thread_of(host)
    assert ask(host, f"/threads/{thread}", {"name": name}, method="PATCH").status in {400, 413}
    assert listed(host)[0]["name"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=-1", "limit=99999999", "cursor=x"])
def test_a_broken_list_is_refused(host: Host, query: str) -> None:
    answer = ask(host, f"/threads?{query}")
    assert (answer.status, answer.json()["error"]) == (400, "Failed to list threads")


def test_clearing_is_off_unless_the_host_turns_it_on(host: Host) -> None:
    async def clear(environment: dict[str, str]) -> tuple[Answer, Answer]:
        async with serving(runtime(agents=agui_agents(), environment=environment)) as url:
            await exchange(f"{url}/agent/default/run", run_input("text:1", thread="t"))
            cleared = await exchange(f"{url}/threads/clear")
            return cleared, await exchange(f"{url}/threads", method="GET")

    refused, kept = run(clear({}))
    assert refused.status == 403
    assert "AGUI_CLEAR_THREADS" in refused.json()["message"]
    assert len(kept.json()["threads"]) == 1
    cleared, left = run(clear({"AGUI_CLEAR_THREADS": "1"}))
    assert (cleared.status, left.json()["threads"]) == (204, [])
