"""Executes an operation: by its compiled plan where it has one, else by graphql-core."""

from collections.abc import Awaitable, Mapping
from functools import partial
from inspect import isawaitable
from typing import Any, cast

from graphql import (
    ExecutionResult,
    GraphQLSchema,
    OperationDefinitionNode,
    experimental_execute_incrementally,  # pyright: ignore[reportUnknownVariableType] - its executor_class is untyped
)

from agui_runtime.adapters.graphql.coercion import coerced
from agui_runtime.adapters.graphql.context import OperationContext
from agui_runtime.adapters.graphql.documents import Document, is_mutation
from agui_runtime.adapters.graphql.errors import format_error
from agui_runtime.adapters.graphql.payloads import InterpretedPayloads, Payloads, execute_plan
from agui_runtime.adapters.graphql.stream_encoder import FormatError
from agui_runtime.adapters.graphql.stream_plan import NotCompilableError
from agui_runtime.adapters.graphql.variables import VariableCompiler
from agui_runtime.application.ports import Telemetry


class OperationExecutor:
    """Executes operations of documents that are valid.

    Args:
        compiles: whether there are plans at all.
    """

    def __init__(self, schema: GraphQLSchema, telemetry: Telemetry, *, compiles: bool) -> None:
        self._schema = schema
        self._telemetry = telemetry
        self._compiles = compiles
        self._compiler = VariableCompiler(schema)

    async def execute(
        self,
        context: OperationContext,
        document: Document,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> ExecutionResult | Payloads:
        """The whole result, or what comes in parts."""
        if not document.incremental:
            result = self._at_once(context, document, operation, variables)
            return result if isinstance(result, ExecutionResult) else await result
        format_one: FormatError = partial(
            format_error, is_mutation=is_mutation(operation), correlation_id=context.request.correlation_id
        )
        if self._compiles and document.is_incremental(operation, variables):
            values = document.plans.variables(operation, self._compiler).coerced(variables)
            plan = None if values is None else document.plans.find(operation, values)
            if values is not None and plan is not None:
                return await execute_plan(plan, values, context, format_one)
            executor = coerced(self._schema, document.node, variables, _name(operation))
            if isinstance(executor, list):
                return ExecutionResult(None, executor)
            try:
                plan = document.plans.get(executor)
            except NotCompilableError as reason:
                self._telemetry.count("graphql.fallbacks", reason=str(reason))
            else:
                return await execute_plan(plan, executor.variable_values, context, format_one)
        return await self._interpret(context, document, operation, variables, format_one)

    def _at_once(
        self,
        context: OperationContext,
        document: Document,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        executor = coerced(self._schema, document.node, variables, _name(operation), context)
        if isinstance(executor, list):
            return ExecutionResult(None, executor)
        # Without a directive of incremental delivery it is never one of graphql-core's results in parts.
        return cast("ExecutionResult | Awaitable[ExecutionResult]", executor.execute_operation())

    async def _interpret(
        self,
        context: OperationContext,
        document: Document,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        format_one: FormatError,
    ) -> ExecutionResult | Payloads:
        result: Any = experimental_execute_incrementally(
            self._schema,
            document.node,
            context_value=context,
            variable_values=dict(variables),
            operation_name=_name(operation),
        )
        if isawaitable(result):
            result = await result
        return result if isinstance(result, ExecutionResult) else InterpretedPayloads(result, format_one)


def _name(operation: OperationDefinitionNode) -> str | None:
    return operation.name.value if operation.name else None
