"""The documents that clients are known to send, read and compiled before the first of them comes.

``known_documents/`` has each text once, named after the first version that sends it (contract graphql §2).
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from agui_runtime.adapters.graphql.coercion import coerced
from agui_runtime.adapters.graphql.document_limits import DocumentLimits
from agui_runtime.adapters.graphql.documents import Document, Documents
from agui_runtime.adapters.graphql.schema import load_schema
from agui_runtime.adapters.graphql.stream_plan import NotCompilableError

_SMALLEST_REQUEST: Mapping[str, Any] = {
    "data": {"metadata": {"requestType": "Chat"}, "frontend": {"actions": []}, "messages": []}
}
"""A plan is compiled for coerced variables, though only those of directives matter, of which clients have none."""


@cache
def known_documents(limits: DocumentLimits) -> Mapping[str, Document]:
    """They by their text, but for those that the limits refuse. Kept for the whole process, as the schema is."""
    documents = Documents(load_schema(), limits)
    known = {text: documents.get(text) for text in _texts()}
    accepted = {text: document for text, document in known.items() if isinstance(document, Document)}
    for document in accepted.values():
        _compile(document)
    return accepted


def _texts() -> Iterator[str]:
    folder = files("agui_runtime.adapters.graphql").joinpath("known_documents")
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        # Clients send no line end behind the last brace.
        yield file.read_text(encoding="utf-8").rstrip("\n")


def _compile(document: Document) -> None:
    executor = coerced(load_schema(), document.node, _SMALLEST_REQUEST)
    if document.incremental and not isinstance(executor, list):
        try:
            document.plans.get(executor)
        except NotCompilableError:
            # It is counted when a client sends it.
            return
