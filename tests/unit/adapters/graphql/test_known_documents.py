"""The documents of known clients are read and compiled before the first of them comes."""

from typing import Any

import pytest

from agui_runtime.adapters.graphql.document_limits import DocumentLimits
from agui_runtime.adapters.graphql.documents import Documents
from agui_runtime.adapters.graphql.known_documents import known_documents
from agui_runtime.adapters.graphql.schema import load_schema
from tests.unit.adapters.graphql.wire import recorded_operations


@pytest.mark.parametrize("path", recorded_operations(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_recorded_clients_send_is_known_and_compiled(path: Any) -> None:
    # The recorder has added a line end.
    document = known_documents(DocumentLimits())[path.read_text().rstrip("\n")]
    assert len(document.plans._known) == (1 if path.stem == "generateCopilotResponse" else 0)


def test_nothing_else_is_known() -> None:
    assert len(known_documents(DocumentLimits())) == len({path.read_text() for path in recorded_operations()})


def test_limits_hold_for_known_documents_too() -> None:
    assert known_documents(DocumentLimits(max_fields=1)) == {}


def test_they_are_made_once_in_a_process() -> None:
    assert known_documents(DocumentLimits()) is known_documents(DocumentLimits())


def test_they_are_never_forgotten() -> None:
    always = known_documents(DocumentLimits())
    documents = Documents(load_schema(), DocumentLimits(), max_documents=1, always=always)
    documents.get("{ hello }")
    assert all(documents.get(text) is document for text, document in always.items())
    assert len(documents._known) == 1
