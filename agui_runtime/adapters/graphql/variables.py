"""Variables of the usual shape, coerced by functions that are made of the schema once (ADR 0032).

graphql-core asks of each value again what its type is, and goes through all of them twice. What is out of the ordinary,
whether it is wrong or only unusual, is left to it: it alone says what becomes of that.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen
from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.type.definition import is_required_input_field
from graphql.utilities.coerce_input_value import coerce_default_value

Coerce = Callable[[Any], Any]


class _UnusualError(Exception):
    """The value is for graphql-core to look at."""


@frozen
class _Variable:
    signature: GraphQLVariableSignature
    coerce: Coerce


@frozen
class Variables:
    """The variables of one operation."""

    variables: Sequence[_Variable]

    def coerced(self, given: Mapping[str, Any]) -> VariableValues | None:
        """What graphql-core makes of the values that were given; ``None`` where it must be asked itself."""
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        try:
            for variable in self.variables:
                signature = variable.signature
                name = signature.name
                if name in given:
                    value = given[name]
                    sources[name] = VariableValueSource(signature, value)
                    coerced[name] = variable.coerce(value)
                else:
                    if signature.default is not None or isinstance(signature.type, GraphQLNonNull):  # pyright: ignore[reportUnknownMemberType]
                        return None
                    sources[name] = VariableValueSource(signature)
        except _UnusualError:
            return None
        return VariableValues(sources, coerced)


class VariableCompiler:
    """Makes the functions, one for each type of a schema, however often it is used."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: dict[Any, Coerce] = {}

    def variables(self, operation: OperationDefinitionNode) -> Variables:
        """Those of an operation of a valid document."""
        found: list[_Variable] = []
        for definition in operation.variable_definitions or ():
            signature = get_variable_signature(self._schema, definition)
            if isinstance(signature, GraphQLError):
                raise signature
            found.append(_Variable(signature, self.coercer(signature.type)))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        return Variables(found)

    def coercer(self, type_: Any) -> Coerce:
        """The function for a type as the schema has it, with its lists and its nulls."""
        if isinstance(type_, GraphQLNonNull):
            return self._not_null(type_.of_type)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        return _or_null(self._not_null(type_))

    def _not_null(self, type_: Any) -> Coerce:
        if isinstance(type_, GraphQLList):
            return _list_of(self.coercer(type_.of_type))  # pyright: ignore[reportUnknownMemberType]
        known = self._known.get(type_)
        if known is None:
            # A type that contains itself could be nested without end, which graphql-core has a limit for.
            self._known[type_] = _unusual
            known = self._known[type_] = self._named(type_)
        return known

    def _named(self, type_: Any) -> Coerce:
        if isinstance(type_, GraphQLInputObjectType):
            return _unusual if type_.is_one_of else self._object(type_)
        return _text if type_ is GraphQLString else _leaf(type_.coerce_input_value)

    def _object(self, type_: GraphQLInputObjectType) -> Coerce:
        fields = [
            (
                name,
                field.out_name or name,
                self.coercer(field.type),
                is_required_input_field(field),
                coerce_default_value(field),
            )
            for name, field in type_.fields.items()
        ]

        def coerce(value: Any) -> Any:
            if value.__class__ is not dict:
                raise _UnusualError
            coerced: dict[str, Any] = {}
            known = 0
            for name, out_name, coerce_field, is_required, default in fields:
                if name in value:
                    known += 1
                    coerced[out_name] = coerce_field(value[name])
                elif is_required:
                    raise _UnusualError
                elif default is not Undefined:
                    coerced[out_name] = default
            if known != len(value):
                raise _UnusualError
            return type_.out_type(coerced)

        return coerce


def _unusual(_: Any) -> Any:
    raise _UnusualError


def _or_null(coerce: Coerce) -> Coerce:
    def coerce_value(value: Any) -> Any:
        return None if value is None else coerce(value)

    return coerce_value


def _list_of(coerce: Coerce) -> Coerce:
    def coerce_items(value: Any) -> Any:
        if value.__class__ is not list:
            raise _UnusualError
        return [coerce(item) for item in value]

    return coerce_items


def _text(value: Any) -> Any:
    if value.__class__ is not str:
        raise _UnusualError
    return value


def _leaf(coerce: Coerce) -> Coerce:
    def coerce_value(value: Any) -> Any:
        if value is None:
            raise _UnusualError
        try:
            coerced = coerce(value)
        except Exception as error:
            raise _UnusualError from error
        if coerced is Undefined:
            raise _UnusualError
        return coerced

    return coerce_value
