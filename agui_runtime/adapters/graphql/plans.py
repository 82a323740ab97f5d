"""A document's compiled plans, kept with it."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from attrs import Factory, define, field
from graphql import DirectiveNode, Executor, GraphQLError, OperationDefinitionNode, VariableNode
from graphql.execution.values import VariableValues

from agui_runtime.adapters.graphql.stream_plan import NotCompilableError, StreamPlan, compile_plan
from agui_runtime.adapters.graphql.variables import VariableCompiler, Variables

MAX_PLANS = 8
"""Per document: each operation makes one for each combination of the values of its directives' variables."""


@define
class Plans:
    """The plans of one document; the least recently used one goes first.

    Args:
        directives: all of the document's; the values of their variables are part of what is compiled.
    """

    directives: Sequence[DirectiveNode] = ()
    _known: OrderedDict[tuple[Any, ...], StreamPlan | NotCompilableError] = Factory(OrderedDict[Any, Any])
    _coercions: dict[str | None, Variables] = Factory(dict[str | None, Variables])
    _directive_variables: list[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._directive_variables = self._variables_of_directives()

    def get(self, executor: Executor[Any]) -> StreamPlan:
        """The plan of the executor's operation, with its directives' variables as they are.

        Raises:
            NotCompilableError: graphql-core must execute it.
        """
        key = self._key(executor.operation, executor.variable_values)
        plan = self._known.get(key)
        if plan is None:
            plan = self._known[key] = _compiled(executor)
            if len(self._known) > MAX_PLANS:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        if isinstance(plan, NotCompilableError):
            raise plan
        return plan

    def find(self, operation: OperationDefinitionNode, values: VariableValues) -> StreamPlan | None:
        """The plan that there is already."""
        key = self._key(operation, values)
        plan = self._known.get(key)
        if plan is None or isinstance(plan, NotCompilableError):
            return None
        self._known.move_to_end(key)
        return plan

    def variables(self, operation: OperationDefinitionNode, compiler: VariableCompiler) -> Variables:
        """How the operation's variables are coerced; the compiler is always the same."""
        name = _name(operation)
        known = self._coercions.get(name)
        if known is None:
            known = self._coercions[name] = compiler.variables(operation)
        return known

    def _key(self, operation: OperationDefinitionNode, values: VariableValues) -> tuple[Any, ...]:
        return (_name(operation), *map(values.coerced.get, self._directive_variables))

    def _variables_of_directives(self) -> list[str]:
        return [
            argument.value.name.value
            for directive in self.directives
            for argument in directive.arguments or ()
            if isinstance(argument.value, VariableNode)
        ]


def _name(operation: OperationDefinitionNode) -> str | None:
    return operation.name.value if operation.name else None


def _compiled(executor: Executor[Any]) -> StreamPlan | NotCompilableError:
    try:
        return compile_plan(executor)
    except NotCompilableError as error:
        return error
    except (GraphQLError, RecursionError):
        # graphql-core finds the same when it executes, and says it at the right place.
        return NotCompilableError("a fault of the document")
