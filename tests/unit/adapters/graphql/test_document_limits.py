"""What a document costs: depth and aliases, fragments counted where they are spread."""

import pytest
from graphql import get_introspection_query, parse

from agui_runtime.adapters.graphql.document_limits import DocumentLimits, broken_limit, too_large_to_validate
from agui_runtime.adapters.graphql.documents import TOO_COMPLEX, Document, Documents, Refused
from agui_runtime.adapters.graphql.schema import load_schema

NONE_ALLOWED = DocumentLimits(max_depth=0, max_aliases=0)
SHALLOW = DocumentLimits(max_depth=2, max_aliases=100)
FEW = DocumentLimits(max_depth=100, max_aliases=2)


def broken(text: str, limits: DocumentLimits) -> str | None:
    return broken_limit(parse(text), limits)


def documents(limits: DocumentLimits | None = None, **given: int) -> Documents:
    return Documents(load_schema(), limits or DocumentLimits(), **given)


def refusal(text: str, limits: DocumentLimits | None = None) -> str:
    found = documents(limits).get(text)
    assert isinstance(found, Refused)
    message: str = found.errors[0]["message"]
    return message


def test_a_field_is_one_level() -> None:
    assert broken("{ a }", NONE_ALLOWED) == "The query is nested 1 levels deep; the limit of this server is 0."
    assert broken("{ a { b } }", SHALLOW) is None
    assert broken("{ a { b { c } } d }", SHALLOW) is not None


@pytest.mark.parametrize(
    "text",
    [
        "{ ... { ... on Q { a { b } } } }",
        "{ ...f } fragment f on Q { a { ...g } } fragment g on A { b }",
    ],
    ids=["inline", "spread"],
)
def test_a_fragment_is_no_level_of_its_own(text: str) -> None:
    assert broken(text, SHALLOW) is None
    assert broken(text, DocumentLimits(max_depth=1)) is not None


def test_depth_is_counted_through_fragments() -> None:
    assert broken("{ a { ...f } } fragment f on A { b { c } }", SHALLOW) is not None


def test_aliases_are_counted_at_every_level() -> None:
    assert broken("{ x: a { y: b } c }", FEW) is None
    assert broken("{ x: a { y: b ... { z: c } } }", FEW) == "The query has 3 aliases; the limit of this server is 2."


def test_a_fragments_aliases_count_as_often_as_it_is_spread() -> None:
    assert broken("{ ...f ...f } fragment f on Q { x: a }", FEW) is None
    assert broken("{ ...f ...f b { ...f } } fragment f on Q { x: a }", FEW) is not None


def test_each_operation_has_the_limits_for_itself() -> None:
    assert broken("query one { x: a y: a } query two { x: a y: a }", FEW) is None
    assert broken("query one { a } query two { x: a y: a z: a }", FEW) is not None


def test_a_fragment_that_nobody_spreads_costs_nothing() -> None:
    assert broken("{ a } fragment f on Q { x: a y: a z: a }", FEW) is None


def test_doubling_fragments_are_counted_without_being_walked() -> None:
    levels = 200
    chain = " ".join(f"fragment f{n} on Q {{ ...f{n + 1} ...f{n + 1} }}" for n in range(levels))
    found = broken(f"{{ ...f0 }} {chain} fragment f{levels} on Q {{ x: a }}", FEW)
    assert found == f"The query has {2**levels} aliases; the limit of this server is 2."


def test_the_standard_introspection_query_keeps_the_defaults() -> None:
    assert isinstance(documents().get(get_introspection_query(input_value_deprecation=True)), Document)


def test_fragments_that_nest_too_deeply_for_the_validator_are_refused_in_clear_words() -> None:
    chain = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} }}" for n in range(1000))
    assert refusal(f"{{ ...f0 }} {chain} fragment f1000 on Query {{ hello }}") == TOO_COMPLEX


def test_more_tokens_than_allowed_are_not_parsed() -> None:
    assert "more than 10 tokens" in refusal("{" + "hello " * 20 + "}", DocumentLimits(max_tokens=10))


def test_a_fragment_that_spreads_itself_is_refused_as_invalid() -> None:
    assert 'Cannot spread fragment "f" within itself' in refusal("{ ...f } fragment f on Query { hello ...f }")


def test_a_refusal_is_remembered_as_a_document_is() -> None:
    known = documents()
    for text in ("{ hello }", "{ nothing }"):
        assert known.get(text) is known.get(text)


def test_the_document_that_was_not_asked_for_longest_is_forgotten_first() -> None:
    known = documents(max_documents=2)
    first, second = known.get("{ a: hello }"), known.get("{ b: hello }")
    assert known.get("{ a: hello }") is first
    known.get("{ c: hello }")
    assert known.get("{ a: hello }") is first
    assert known.get("{ b: hello }") is not second


def test_a_document_of_too_many_fields_is_refused_before_it_is_validated() -> None:
    many = parse("{ " + "hello " * 501 + "nope }")
    assert too_large_to_validate(many, DocumentLimits()) == (
        "The query has 502 fields; the limit of this server is 500."
    )
    assert too_large_to_validate(parse("{ " + "hello " * 500 + "}"), DocumentLimits()) is None
