"""Parsed documents, kept: bounded, and what is refused is said in the clients' words."""

import pytest
from graphql import OperationDefinitionNode

from agui_runtime.adapters.graphql.document_limits import DocumentLimits
from agui_runtime.adapters.graphql.documents import (
    MAX_KEPT_CHARACTERS,
    Document,
    Documents,
    Refused,
    is_mutation,
    operation_of,
)
from agui_runtime.adapters.graphql.schema import load_schema
from tests.unit.adapters.graphql.wire import operation


def documents(**given: int) -> Documents:
    return Documents(load_schema(), DocumentLimits(), **given)


def document(text: str) -> Document:
    found = documents().get(text)
    assert isinstance(found, Document), found
    return found


def refusal(text: str) -> Refused:
    found = documents().get(text)
    assert isinstance(found, Refused)
    return found


def test_a_document_is_read_once() -> None:
    known = documents()
    assert known.get("{ hello }") is known.get("{ hello }")


def test_a_refusal_is_kept_too() -> None:
    known = documents()
    assert known.get("{ nothing }") is known.get("{ nothing }")


def test_the_least_recently_used_document_goes_first() -> None:
    known = documents(max_documents=2)
    first, second = known.get("{ a: hello }"), known.get("{ b: hello }")
    assert known.get("{ a: hello }") is first
    known.get("{ c: hello }")
    assert known.get("{ a: hello }") is first
    assert known.get("{ b: hello }") is not second
    assert len(known._known) == 2


def test_what_is_too_long_to_keep_is_answered_and_not_kept() -> None:
    known = documents()
    answer = known.get("{ hello } #" + "x" * MAX_KEPT_CHARACTERS)
    assert isinstance(answer, Document)
    assert len(known._known) == 0


@pytest.mark.parametrize("text", ["", "{", "nonsense", "{ hello", "{" * 5000, "{a" * 9000 + "}" * 9000, "\x00"])
def test_a_syntax_error_has_its_code_and_location(text: str) -> None:
    (error,) = refusal(text).errors
    assert error["extensions"] == {"code": "GRAPHQL_PARSE_FAILED"}
    assert error["message"].startswith("Syntax Error")
    assert error["locations"]


def test_a_field_that_is_none_has_its_code_and_double_quotes() -> None:
    (error,) = refusal("{ nothing }").errors
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}
    assert error["message"] == 'Cannot query field "nothing" on type "Query".'


def test_a_document_of_too_many_tokens_is_refused() -> None:
    known = Documents(load_schema(), DocumentLimits(max_tokens=10))
    answer = known.get("{ " + "hello " * 20 + "}")
    assert isinstance(answer, Refused)
    assert "more than 10 tokens" in answer.errors[0]["message"]


def test_streaming_a_field_that_is_no_list_is_refused() -> None:
    assert refusal("{ hello @stream }").errors[0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_the_only_operation_needs_no_name() -> None:
    only = document("query q { hello }")
    assert operation_of(only.operations, None) is operation_of(only.operations, "q") is not None
    assert operation_of(only.operations, "other") is None
    assert operation_of(only.operations, 1) is None
    assert operation_of(only.operations, "") is None


def test_among_several_operations_one_must_be_named() -> None:
    several = document("query a { hello } query b { hello }")
    assert operation_of(several.operations, None) is None
    assert operation_of(several.operations, "a") is not operation_of(several.operations, "b")


def test_a_document_without_operations_has_none() -> None:
    assert documents().get("fragment f on Query { hello }").operations == ()


def test_a_refused_document_still_has_its_operations() -> None:
    found = refusal("{ hello } { nobody }").operations
    assert found is not None
    assert len(found) == 2
    assert operation_of(found, None) is None


def test_what_is_no_graphql_has_no_operations() -> None:
    assert refusal("{ hello").operations is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ hello @defer }", 'Directive "@defer" may not be used on FIELD.'),
        (
            "query a($l: String) { availableAgents { agents @stream(label: $l) { id } } }",
            'Directive "stream"\'s label argument must be a static string.',
        ),
        (
            "{ availableAgents { agents @stream(if: null) { id } } }",
            'Expected value of type "Boolean!", found null.',
        ),
    ],
)
def test_faults_are_told_in_graphql_jss_words(text: str, message: str) -> None:
    assert message in [error["message"] for error in refusal(text).errors]


def test_a_mutation_is_told_from_a_query() -> None:
    assert is_mutation(document(operation("1.10.6")).operations[0])
    assert not is_mutation(document("{ hello }").operations[0])


def only_operation(found: Document) -> OperationDefinitionNode:
    return found.operations[0]


@pytest.mark.parametrize(
    ("selection", "variables", "incremental"),
    [
        ("agents { name }", {}, False),
        ("agents @stream { name }", {}, True),
        ("agents @stream(if: true) { name }", {}, True),
        ("agents @stream(if: false) { name }", {}, False),
        ("agents @stream(if: $on) { name }", {"on": True}, True),
        ("agents @stream(if: $on) { name }", {"on": False}, False),
        ("agents @stream(if: $on) { name }", {}, True),
        ("... @defer { agents { name } }", {}, True),
        ("... @defer(if: $on) { agents { name } }", {"on": False}, False),
        ("agents @include(if: $on) { name }", {"on": True}, False),
    ],
)
def test_whether_an_answer_comes_in_parts_depends_on_its_directives(
    selection: str, variables: dict[str, bool], incremental: bool
) -> None:
    header = (
        "query q($on: Boolean!)"
        if "include" in selection
        else "query q($on: Boolean)"
        if "$on" in selection
        else "query q"
    )
    found = document(header + " { availableAgents { " + selection + " } }")
    assert found.is_incremental(only_operation(found), variables) is incremental


def test_a_variable_that_is_absent_has_its_default() -> None:
    found = document("query q($on: Boolean = false) { availableAgents { agents @stream(if: $on) { name } } }")
    assert not found.is_incremental(only_operation(found), {})
    assert found.is_incremental(only_operation(found), {"on": True})


def test_the_clients_operation_comes_in_parts() -> None:
    found = document(operation("1.3.0"))
    assert found.is_incremental(only_operation(found), {})
