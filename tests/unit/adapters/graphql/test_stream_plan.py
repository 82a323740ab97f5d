"""What is compiled, what is left to graphql-core, and that plans are kept."""

from typing import Any

import pytest
from graphql import Executor

from agui_runtime.adapters.graphql.document_limits import DocumentLimits
from agui_runtime.adapters.graphql.documents import Document, Documents
from agui_runtime.adapters.graphql.plans import MAX_PLANS
from agui_runtime.adapters.graphql.schema import load_schema
from agui_runtime.adapters.graphql.stream_plan import NotCompilableError, StreamPlan
from tests.unit.adapters.graphql.wire import recorded_operations, variables

HEAD = "mutation M($data: GenerateCopilotResponseInput!, $on: Boolean! = true, $count: Int = 0)"
STREAM = "messages @stream(if: $on, initialCount: $count) { id }"


def document(text: str) -> Document:
    found = Documents(load_schema(), DocumentLimits()).get(text)
    assert isinstance(found, Document), found
    return found


def executor(of: Document, **given: Any) -> Executor[Any]:
    built = Executor.build(load_schema(), of.node, raw_variable_values={"data": variables("1.10.6")["data"], **given})
    assert isinstance(built, Executor), built
    return built


def plan(text: str, **given: Any) -> StreamPlan:
    found = document(text)
    return found.plans.get(executor(found, **given))


def asking(selections: str) -> str:
    return f"{HEAD} {{ generateCopilotResponse(data: $data) {{ {STREAM} {selections} }} }}"


CLIENTS = [path for path in recorded_operations() if path.stem == "generateCopilotResponse"]


@pytest.mark.parametrize("path", CLIENTS, ids=lambda path: path.parent.name)
def test_the_operation_of_every_recorded_client_is_compiled(path: Any) -> None:
    compiled = plan(path.read_text())
    (messages,) = [each for each in compiled.response.fields if each.key == "messages"]
    assert messages.stream is not None
    text = messages.objects["TextMessageOutput"]
    assert [each.key for each in text.fields if each.stream is not None] == ["content"]
    assert [[each.key for each in group.content.fields] for group in text.groups] == [["status"]]


CONTENT = "... on TextMessageOutput { content @stream }"
ONCE = f"messages @stream {{ {CONTENT} }}"
INTERRUPTS = (
    f"metaEvents @stream {{ ... on CopilotKitLangGraphInterruptEvent {{ data {{ messages {{ {CONTENT} }} }} }} }}"
)


@pytest.mark.parametrize("path", CLIENTS, ids=lambda path: path.parent.name)
def test_every_recorded_client_reads_its_texts_once(path: Any) -> None:
    assert {"TextMessageOutput.content", "ActionExecutionMessageOutput.arguments"} <= plan(path.read_text()).read_once


@pytest.mark.parametrize(
    ("selections", "is_read_once"),
    [
        (ONCE, True),
        (f"{ONCE} {INTERRUPTS}", True),
        (f"{ONCE} again: {ONCE}", False),
        (f"messages @stream {{ {CONTENT} ... on TextMessageOutput {{ again: content @stream }} }}", False),
        (f"messages @stream {{ {CONTENT} ... on TextMessageOutput @defer {{ again: content }} }}", False),
        (f"{ONCE} ... @defer {{ again: {ONCE} }}", False),
    ],
)
def test_a_text_that_two_places_ask_for_is_not_read_once(selections: str, is_read_once: bool) -> None:
    head = "mutation M($data: GenerateCopilotResponseInput!)"
    compiled = plan(f"{head} {{ generateCopilotResponse(data: $data) {{ {selections} }} }}")
    assert ("TextMessageOutput.content" in compiled.read_once) is is_read_once


ROOT = "generateCopilotResponse(data: $data)"
TWICE = f"{HEAD} {{ a: {ROOT} {{ {STREAM} }} b: {ROOT} {{ threadId }} }}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TWICE, "other root fields"),
        (asking("extensions { __typename } ... @defer { extensions { openaiAssistantAPI { runId } } }"), "overlapping"),
        (asking("... @defer { status { __typename } } ... @defer { status { __typename } runId }"), "overlapping"),
        (asking("a: messages @stream(initialCount: 1001) { id }"), "initialCount"),
    ],
)
def test_other_shapes_are_left_to_graphql_core(text: str, reason: str) -> None:
    with pytest.raises(NotCompilableError, match=reason):
        plan(text)


@pytest.mark.parametrize("given", [{"count": -1}, {"count": None}])
def test_a_directive_that_has_no_possible_value_is_left_to_graphql_core(given: Any) -> None:
    with pytest.raises(NotCompilableError):
        plan(asking("runId"), **given)


def test_a_query_is_left_to_graphql_core() -> None:
    text = "query { availableAgents { ... @defer { agents { id } } } }"
    with pytest.raises(NotCompilableError, match="not a mutation"):
        plan(text)


def test_a_plan_is_made_once() -> None:
    asked = document(asking("runId"))
    assert asked.plans.get(executor(asked)) is asked.plans.get(executor(asked))


def test_a_refusal_is_made_once_too() -> None:
    asked = document(asking("a: messages @stream(initialCount: 1001) { id }"))
    refusals = set()
    for _ in range(2):
        with pytest.raises(NotCompilableError) as caught:
            asked.plans.get(executor(asked))
        refusals.add(id(caught.value))
    assert len(refusals) == 1


def test_other_values_of_the_directives_variables_make_another_plan() -> None:
    asked = document(asking("runId"))
    streamed, whole = (asked.plans.get(executor(asked, on=on)) for on in (True, False))
    assert streamed.response.fields[0].stream is not None
    assert whole.response.fields[0].stream is None


def test_plans_are_bounded() -> None:
    asked = document(asking("runId"))
    first = asked.plans.get(executor(asked, count=0))
    for count in range(1, MAX_PLANS + 1):
        asked.plans.get(executor(asked, count=count))
    assert len(asked.plans._known) == MAX_PLANS
    assert asked.plans.get(executor(asked, count=0)) is not first
