"""An operation made ready for execution: its variables as the schema has them."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from graphql import DocumentNode, Executor, GraphQLError, GraphQLResolveInfoHelpers, GraphQLSchema

# Untyped in graphql-core: its middleware and its subclasses' own arguments.
_build: Callable[..., list[GraphQLError] | Executor[Any]] = cast("Any", Executor).build


def coerced(
    schema: GraphQLSchema,
    document: DocumentNode,
    variables: Mapping[str, Any],
    operation_name: str | None = None,
    context: Any = None,
) -> list[GraphQLError] | Executor[Any]:
    """An operation with its variables as the schema has them, or what is wrong with them."""
    executor = _build(
        schema, document, context_value=context, raw_variable_values=dict(variables), operation_name=operation_name
    )
    if not isinstance(executor, list):
        # They hold the executor that holds them: all that a request has made would wait for the garbage collector.
        executor.async_helpers = _NO_HELPERS
    return executor


def _no_helper(_: Any) -> Any:
    raise NotImplementedError("No resolver of this schema leaves its work to the executor.")


_NO_HELPERS = GraphQLResolveInfoHelpers(gather=_no_helper, track=_no_helper)
