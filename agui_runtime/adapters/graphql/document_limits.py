"""Documents that cost too much are refused before execution; the TypeScript server runs 3000 aliases."""

from collections.abc import Mapping

from attrs import frozen
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)


@frozen
class DocumentLimits:
    """How deep a document may nest fields, and how many aliases it may use, fragments counted where they are spread."""

    max_depth: int = 20
    max_aliases: int = 100
    max_tokens: int = 20_000


@frozen
class _Cost:
    depth: int
    aliases: int


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
