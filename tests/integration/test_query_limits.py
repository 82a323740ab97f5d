"""Documents that cost too much are refused before anything is run, fast, and in clear words."""

import time
from typing import Any

import pytest
from graphql import get_introspection_query

from tests.integration.host import Host
from tests.support.aio import run
from tests.support.graphql_client import CLIENT_HEADERS, Answer, ask, exchange
from tests.support.leaks import assert_leaks_nothing
from tests.support.serving import runtime, serving

SECONDS = 2.0
"""A bomb that is not seen takes minutes; a busy machine takes less than this."""


def _aliases(count: int) -> str:
    return "{" + " ".join(f"a{index}: hello" for index in range(count)) + "}"


def _fragments(levels: int, body: str) -> str:
    """Each fragment spreads the next one twice."""
    chain = [f"fragment f{n} on Query {{ {body.format(n)} ...f{n + 1} ...f{n + 1} }}" for n in range(levels)]
    return " ".join(["{ ...f0 }", *chain, f"fragment f{levels} on Query {{ last: hello }}"])


DEEP = (
    '{ loadAgentState(data: {threadId: "t", agentName: "a"}) { history { ... on Message { status { __typename } } } } }'
)
TOO_DEEP = "{" + "__schema { types {" + " fields { type {" * 8 + " name " + "}}" * 8 + "}}}"

REFUSED: dict[str, tuple[str, str]] = {
    "3000 aliases": (_aliases(3000), "The query has 3000 aliases; the limit of this server is 100."),
    "101 aliases": (_aliases(101), "The query has 101 aliases; the limit of this server is 100."),
    "aliases multiplied through fragments": (
        f"{{ ...f ...g ...f }} fragment f on Query {_aliases(60)} fragment g on Query {{ ...f }}",
        "The query has 180 aliases",
    ),
    "a bomb of aliased fragments": (_fragments(30, "a{0}: hello"), "The query has 2147483647 aliases"),
    "a bomb of plain fragments": (_fragments(30, "hello"), "The query has 1073741824 aliases"),
    "a field three thousand times": (
        "{" + "hello " * 3000 + "}",
        "The query has 3000 fields; the limit of this server is 500.",
    ),
    "a chain of fragments": (
        "{ ...f0 } "
        + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} }}" for n in range(1000))
        + " fragment f1000 on Query { hello }",
        "The query is too complex",
    ),
    "inline fragments in each other": ("{" + "... {" * 3000 + "hello" + "}" * 3001, "nested too deeply"),
    "types of types": (TOO_DEEP, "Maximum introspection depth exceeded"),
    "more tokens than a client needs": ("{" + "hello," * 25_000 + "}", "more than 20000 tokens"),
}


def _asked(query: str, environment: dict[str, str] | None = None) -> Answer:
    async def ask() -> Answer:
        async with serving(runtime(environment=environment)) as url:
            return await exchange(url, {"query": query})

    return run(ask())


@pytest.mark.parametrize("name", REFUSED)
def test_a_document_that_costs_too_much_is_refused_fast(host: Host, name: str) -> None:
    query, says = REFUSED[name]
    begun = time.monotonic()
    answer = ask(host.url, {"query": query})
    assert time.monotonic() - begun < SECONDS
    errors = answer.json()["errors"]
    assert any(says in error["message"] for error in errors), errors[:3]
    assert errors[0]["extensions"]["code"] in {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}
    assert "data" not in answer.json()
    assert_leaks_nothing(answer)


def test_the_older_media_type_is_refused_with_200_as_other_invalid_documents(host: Host) -> None:
    for accept, status in (("application/json", 200), ("application/graphql-response+json", 400)):
        answer = ask(host.url, {"query": _aliases(101)}, headers={**CLIENT_HEADERS, "accept": accept})
        assert answer.status == status


def test_as_many_aliases_as_the_limit_are_answered(host: Host) -> None:
    data = ask(host.url, {"query": _aliases(100)}).json()["data"]
    assert len(data) == 100


@pytest.mark.parametrize("descriptions", [True, False])
def test_the_standard_introspection_query_is_answered(host: Host, descriptions: bool) -> None:
    query = get_introspection_query(
        descriptions=descriptions,
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
    )
    answer = ask(host.url, {"query": query}).json()
    assert "errors" not in answer
    names = {type_["name"] for type_ in answer["data"]["__schema"]["types"]}
    assert {"CopilotResponse", "SaveAgentStateInput", "MessageUnion"} <= names


@pytest.mark.parametrize(
    ("query", "environment", "says"),
    [
        (
            "{ runtimeInfo { version } }",
            {"AGUI_MAX_QUERY_DEPTH": "1"},
            "nested 2 levels deep; the limit of this server is 1",
        ),
        (DEEP, {"AGUI_MAX_QUERY_DEPTH": "3"}, "nested 4 levels deep; the limit of this server is 3"),
        ("{ a: hello b: hello }", {"AGUI_MAX_QUERY_ALIASES": "1"}, "has 2 aliases; the limit of this server is 1"),
    ],
    ids=["depth 1", "depth 3", "aliases"],
)
def test_the_limits_are_settings(query: str, environment: dict[str, str], says: str) -> None:
    (error,) = _asked(query, environment).json()["errors"]
    assert says in error["message"]


def test_a_limit_that_is_raised_lets_more_pass() -> None:
    answer: Any = _asked(_aliases(3000), {"AGUI_MAX_QUERY_ALIASES": "3000", "AGUI_MAX_QUERY_FIELDS": "3000"}).json()
    assert len(answer["data"]) == 3000


def test_a_mutation_over_its_limit_runs_nothing() -> None:
    aliased = " ".join(
        f'a{n}: saveAgentState(data: {{threadId: "t", agentName: "a", stateData: "{{}}"}}) {{ success }}'
        for n in range(3)
    )

    async def story() -> None:
        container = runtime(environment={"AGUI_MAX_QUERY_ALIASES": "2"})
        async with serving(container) as url:
            assert "3 aliases" in (await exchange(url, {"query": f"mutation {{ {aliased} }}"})).error()["message"]
            states = await exchange(url, {"query": '{ agentStates(threadId: "t") { version } }'})
            assert states.json() == {"data": {"agentStates": []}}

    run(story())
