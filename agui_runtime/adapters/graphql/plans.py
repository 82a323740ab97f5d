"""A document's compiled plans, kept with it."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from attrs import Factory, define
from graphql import DirectiveNode, Executor, GraphQLError, VariableNode

from agui_runtime.adapters.graphql.stream_plan import NotCompilableError, StreamPlan, compile_plan

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

    def get(self, executor: Executor[Any]) -> StreamPlan:
        """The plan of the executor's operation, with its directives' variables as they are.

        Raises:
            NotCompilableError: graphql-core must execute it.
        """
        values = executor.variable_values.coerced
        key = (_name(executor), *(values.get(name) for name in self._variables()))
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

    def _variables(self) -> list[str]:
        return [
            argument.value.name.value
            for directive in self.directives
            for argument in directive.arguments or ()
            if isinstance(argument.value, VariableNode)
        ]


def _name(executor: Executor[Any]) -> str | None:
    name = executor.operation.name
    return name.value if name else None


def _compiled(executor: Executor[Any]) -> StreamPlan | NotCompilableError:
    try:
        return compile_plan(executor)
    except NotCompilableError as error:
        return error
    except (GraphQLError, RecursionError):
        # graphql-core finds the same when it executes, and says it at the right place.
        return NotCompilableError("a fault of the document")
