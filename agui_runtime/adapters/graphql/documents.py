"""Parsed and validated documents, kept: short queries become eight times faster (design §7)."""

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen
from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    parse,
    validate,
    visit,
)

from agui_runtime.adapters.graphql.document_limits import DocumentLimits, broken_limit, too_large_to_validate
from agui_runtime.adapters.graphql.plans import Plans

MAX_KEPT_CHARACTERS = 8 * 1024
"""Longer texts are read anew each time: clients' are a few KB, and a document takes 200 times its text in memory."""

_QUOTED = re.compile(r"'([^']*)'")
_LABEL = re.compile(r"^(Stream|Defer) directive label argument")
_NO_NULL = re.compile(r'Expected value of non-null type "([^"]+)" not to be None\.')
_PLACE = re.compile(r"may not be used on ([a-z_]+)\.$")
_ABORTED = "Validation aborted."
TOO_COMPLEX = "The query is too complex: its fragments are nested too deeply, or it repeats a field too often."


@frozen
class Document:
    """A document that may be executed.

    Attributes:
        incremental: its ``@defer`` and ``@stream`` directives.
        plans: its streaming operations, compiled.
    """

    node: DocumentNode
    operations: tuple[OperationDefinitionNode, ...]
    incremental: tuple[DirectiveNode, ...]
    plans: Plans

    def is_incremental(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> bool:
        """Whether an operation's answer comes in parts, given the variables of ``@defer(if:)`` and ``@stream(if:)``."""
        if not self.incremental:
            return False
        defaults = {
            definition.variable.name.value: definition.default_value.value
            for definition in operation.variable_definitions or ()
            if isinstance(definition.default_value, BooleanValueNode)
        }
        given = {**defaults, **variables}
        return any(_is_active(directive, given) for directive in self.incremental)


@frozen
class Refused:
    """A document that may not be executed.

    Attributes:
        operations: those that it has; ``None`` where it is no GraphQL.
    """

    errors: tuple[dict[str, Any], ...]
    operations: tuple[OperationDefinitionNode, ...] | None = None


class Documents:
    """A bounded cache of documents by their text; the least recently used one goes first.

    Args:
        always: documents that are never forgotten.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: DocumentLimits,
        *,
        max_documents: int = 64,
        always: "Mapping[str, Document] | None" = None,
    ) -> None:
        self._always = always or {}
        self._schema = schema
        self._limits = limits
        self._max_documents = max_documents
        self._known: OrderedDict[str, Document | Refused] = OrderedDict()

    def get(self, text: str) -> Document | Refused:
        """The document of that text."""
        if text in self._always:
            return self._always[text]
        if len(text) > MAX_KEPT_CHARACTERS:
            return self._read(text)
        known = self._known.get(text)
        if known is None:
            known = self._read(text)
            self._known[text] = known
            if len(self._known) > self._max_documents:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(text)
        return known

    def _read(self, text: str) -> Document | Refused:
        try:
            node = parse(text, max_tokens=self._limits.max_tokens)
        except GraphQLError as error:
            return Refused((_formatted(error, "GRAPHQL_PARSE_FAILED"),))
        operations = tuple(each for each in node.definitions if isinstance(each, OperationDefinitionNode))
        broken = too_large_to_validate(node, self._limits)
        if broken is None:
            errors = validate(self._schema, node)
            if errors:
                return Refused(tuple(_formatted(error, "GRAPHQL_VALIDATION_FAILED") for error in errors), operations)
            broken = broken_limit(node, self._limits)
        if broken is not None:
            return Refused(({"message": broken, "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}},), operations)
        directives = _directives(node)
        incremental = tuple(each for each in directives if each.name.value in {"defer", "stream"})
        return Document(node, operations, incremental, Plans(directives))


def operation_of(operations: Sequence[OperationDefinitionNode], name: Any) -> OperationDefinitionNode | None:
    """The operation of that name, or the only one when ``name`` is ``None``."""
    if name is None:
        return operations[0] if len(operations) == 1 else None
    return next((each for each in operations if each.name is not None and each.name.value == name), None)


def is_mutation(operation: OperationDefinitionNode) -> bool:
    """Whether it is a mutation."""
    return operation.operation is OperationType.MUTATION


class _Collector(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[DirectiveNode] = []

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        self.found.append(node)


def _directives(node: DocumentNode) -> tuple[DirectiveNode, ...]:
    collector = _Collector()
    visit(node, collector)
    return tuple(collector.found)


def _is_active(directive: DirectiveNode, variables: Mapping[str, Any]) -> bool:
    condition = next((argument.value for argument in directive.arguments or () if argument.name.value == "if"), None)
    if isinstance(condition, BooleanValueNode):
        return condition.value
    if isinstance(condition, VariableNode):
        return variables.get(condition.name.value) is not False
    return True


def _in_known_words(message: str) -> str:
    """graphql-core's words in graphql-js's, which clients and logs know."""
    message = _QUOTED.sub(r'"\1"', message)
    message = _LABEL.sub(lambda found: f'Directive "{found[1].lower()}"\'s label argument', message)
    message = _NO_NULL.sub(r'Expected value of type "\1", found null.', message)
    return _PLACE.sub(lambda found: found[0].replace(found[1], found[1].upper()), message)


def _formatted(error: GraphQLError, code: str) -> dict[str, Any]:
    formatted: dict[str, Any] = dict(error.formatted)
    formatted["message"] = TOO_COMPLEX if error.message == _ABORTED else _in_known_words(error.message)
    return {**formatted, "extensions": {"code": code}}
