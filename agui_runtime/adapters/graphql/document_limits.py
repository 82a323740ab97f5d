"""Documents that cost too much are refused before execution; the TypeScript server runs 3000 aliases."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    visit,
)


@frozen
class DocumentLimits:
    """How large a document may be.

    Attributes:
        max_depth: levels of fields.
        max_aliases: aliases, those of fragments counted where they are spread.
        max_fields: fields as written; validation compares them with each other, so it takes time by their square.
        max_tokens: words and signs as written.
    """

    max_depth: int = 20
    max_aliases: int = 100
    max_fields: int = 500
    max_tokens: int = 20_000


@frozen
class _Cost:
    depth: int
    aliases: int


class _Counter(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.fields = 0
        self.aliases = 0

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.fields += 1
        self.aliases += node.alias is not None


def too_large_to_validate(document: DocumentNode, limits: DocumentLimits) -> str | None:
    """What is wrong with a document that was only parsed, in words; ``None`` where it may be validated."""
    counter = _Counter()
    visit(document, counter)
    if counter.aliases > limits.max_aliases:
        return f"The query has {counter.aliases} aliases; the limit of this server is {limits.max_aliases}."
    if counter.fields > limits.max_fields:
        return f"The query has {counter.fields} fields; the limit of this server is {limits.max_fields}."
    return None


def broken_limit(document: DocumentNode, limits: DocumentLimits) -> str | None:
    """What is wrong with a valid document, in words; ``None`` where it keeps the limits."""
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    known: dict[str, _Cost] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            cost = _cost(definition.selection_set, fragments, known)
            if cost.depth > limits.max_depth:
                return f"The query is nested {cost.depth} levels deep; the limit of this server is {limits.max_depth}."
            if cost.aliases > limits.max_aliases:
                return f"The query has {cost.aliases} aliases; the limit of this server is {limits.max_aliases}."
    return None


def _cost(
    selection_set: SelectionSetNode | None, fragments: Mapping[str, FragmentDefinitionNode], known: dict[str, _Cost]
) -> _Cost:
    depth = aliases = 0
    for selection in selection_set.selections if selection_set else ():
        if isinstance(selection, FieldNode):
            below = _cost(selection.selection_set, fragments, known)
            below = _Cost(below.depth + 1, below.aliases + (selection.alias is not None))
        elif isinstance(selection, InlineFragmentNode):
            below = _cost(selection.selection_set, fragments, known)
        elif isinstance(selection, FragmentSpreadNode):
            below = _fragment(selection.name.value, fragments, known)
        else:
            continue
        depth, aliases = max(depth, below.depth), aliases + below.aliases
    return _Cost(depth, aliases)


def _fragment(name: str, fragments: Mapping[str, FragmentDefinitionNode], known: dict[str, _Cost]) -> _Cost:
    if name not in known:
        # Validation has refused cycles and unknown fragments before.
        known[name] = _cost(fragments[name].selection_set, fragments, known)
    return known[name]
