"""Every operation of every client version, with the variables it was recorded with."""

import json
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_client_schema, build_schema, get_introspection_query

from tests.integration.host import Host
from tests.support.graphql_client import OPERATIONS, Answer, ask

SCHEMA = OPERATIONS.parent / "schema.graphql"
FILES = sorted(OPERATIONS.glob("*/*.request.json"))
CONNECTION = frozenset({"host", "connection", "content-length"})


def _operation(file: Path) -> str:
    return file.name.removesuffix(".request.json")


def _files(operation: str) -> pytest.MarkDecorator:
    files = [file for file in FILES if _operation(file) == operation]
    return pytest.mark.parametrize("file", files, ids=[file.parent.name for file in files])


def _send(host: Host, file: Path) -> Answer:
    request = json.loads(file.read_text())
    query = (file.parent / f"{_operation(file)}.graphql").read_text()
    headers = {name: value for name, value in request["headers"] if name not in CONNECTION}
    return ask(host.at(request["url"]), {**request["body"], "query": query}, headers=headers)


def test_fifteen_client_versions_are_recorded() -> None:
    assert len({file.parent.name for file in FILES}) == 15
    assert {_operation(file) for file in FILES} == {"generateCopilotResponse", "availableAgents", "loadAgentState"}


def _members(schema: GraphQLSchema) -> set[str]:
    """Every field, argument and enum value, with its type."""
    members: set[str] = set()
    for name, type_ in schema.type_map.items():
        if name.startswith("__"):
            continue
        for field_name, field in getattr(type_, "fields", {}).items():
            members.add(f"{name}.{field_name}: {field.type}")
            arguments = getattr(field, "args", {}).items()
            members |= {f"{name}.{field_name}({argument}: {given.type})" for argument, given in arguments}
        members |= {f"{name}.{value}" for value in getattr(type_, "values", ())}
        members |= {f"{name} = {member}" for member in getattr(type_, "types", ())}
        members |= {f"{name} & {interface}" for interface in getattr(type_, "interfaces", ())}
    return members


def test_introspection_shows_all_that_the_typescript_schema_has(host: Host) -> None:
    answer = ask(host.url, {"query": get_introspection_query(input_value_deprecation=True)}).result()
    assert "errors" not in answer
    missing = _members(build_schema(SCHEMA.read_text())) - _members(build_client_schema(answer["data"]))
    assert missing == set()


@_files("generateCopilotResponse")
def test_a_versions_mutation_streams_an_answer(host: Host, file: Path) -> None:
    answer = _send(host, file)
    assert (answer.status, answer.content_type) == (200, "multipart/mixed")
    response = answer.response()
    assert response["status"]["code"] == "Success"
    assert [message["__typename"] for message in response["messages"]] == ["TextMessageOutput"]
    assert response["messages"][0]["status"]["code"] == "Success"


@_files("availableAgents")
def test_a_versions_list_of_agents_is_answered(host: Host, file: Path) -> None:
    agents = _send(host, file).result()["data"]["availableAgents"]["agents"]
    assert [agent["name"] for agent in agents] == ["echo", "stateful"]


@_files("loadAgentState")
def test_a_versions_question_for_state_gets_an_error_it_understands(host: Host, file: Path) -> None:
    # The recorded variables name an agent that there is not.
    answer = _send(host, file)
    assert answer.status == 200
    assert answer.error()["extensions"]["code"] == "AGENT_NOT_FOUND"
