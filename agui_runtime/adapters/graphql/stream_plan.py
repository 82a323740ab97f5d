"""A streaming operation, compiled once: which fields of which types go where, and what comes later (ADR 0014).

graphql-core collects the fields and decides what is deferred, exactly as its own executor would; what is compiled here
is the outcome of that, so that a run's chunks can be written without a task, a queue and a dozen calls for each.
Operations of other shapes are not compiled: graphql-core executes them.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, cast

from attrs import Factory, field, frozen
from graphql import (
    Executor,
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLStreamDirective,
    GraphQLString,
    OperationType,
    get_directive_values,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import (
    DeferUsage,
    FieldDetails,
    FieldDetailsList,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.incremental.build_execution_plan import ExecutionPlan, build_execution_plan
from graphql.pyutils import RefSet

from agui_runtime.adapters.graphql.schema import snake_case, type_name

ROOT_FIELD = "generateCopilotResponse"
MESSAGES = "CopilotResponse.messages"
MAX_INITIAL_COUNT = 1000
"""Lists that are to wait for more items than this are left to graphql-core: the plan looks at all of them each time."""


_Usages = RefSet[DeferUsage]
_Groups = Sequence[tuple[DeferUsage, GroupedFieldSet]]


class NotCompilableError(Exception):
    """The operation is none that is compiled. The message says why; it goes into a counter."""


@frozen
class StreamUsage:
    """An active ``@stream``."""

    initial_count: int
    label: str | None


@frozen(kw_only=True)
class FieldPlan:
    """One field of a response object.

    Attributes:
        key: its name in the response.
        owner: its type and name, for errors.
        read: takes the value from the source object.
        nodes: where the document asks for it, for errors.
        is_list: whether it is a list; its items are never null.
        coerce: makes a leaf's value one for the wire; ``None`` where the value is an object.
        objects: how an object is read, by its type's name; empty for leaves.
        is_text: whether it is a ``String``, or a list of them: text goes out as it is.
    """

    key: str
    owner: str
    read: Callable[[Any], Any]
    nodes: list[FieldNode]
    is_non_null: bool = True
    is_list: bool = False
    coerce: Callable[[Any], Any] | None = None
    objects: Mapping[str, "ObjectPlan"] = Factory(dict[str, "ObjectPlan"])
    stream: StreamUsage | None = None
    is_text: bool = False

    def object_of(self, value: Any) -> "ObjectPlan":
        """How this value is read."""
        return self.objects[type_name(value) if len(self.objects) > 1 else next(iter(self.objects))]


@frozen
class ObjectPlan:
    """How an object of one type is read.

    Attributes:
        fields: what comes with the object.
        may_wait: those of ``fields`` whose value may come later.
        groups: what is deferred.
    """

    fields: tuple[FieldPlan, ...]
    groups: tuple["GroupPlan", ...]
    may_wait: tuple[FieldPlan, ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "may_wait", tuple(each for each in self.fields if each.is_list or each.objects))


@frozen
class GroupPlan:
    """A deferred fragment.

    Attributes:
        content: its fields, and the fragments deferred within it.
        makes_places: what it brings has lists or fragments of its own to be filled, so it must come before them.
    """

    label: str | None
    content: ObjectPlan
    makes_places: bool


@frozen(kw_only=True)
class StreamPlan:
    """The whole operation.

    Attributes:
        keys: the root object's keys in their order; ``None`` for the root field's, else the value of ``__typename``.
        key: the root field's key.
        nodes: where the document asks for the root field.
        response: how the ``CopilotResponse`` is read.
        read_once: the fields of its messages, as ``FieldPlan.owner``, that one place of the document alone asks for.
    """

    keys: Mapping[str, str | None]
    key: str
    definition: GraphQLField
    nodes: list[FieldNode]
    response: ObjectPlan
    read_once: frozenset[str]


def compile_plan(executor: Executor[Any]) -> StreamPlan:
    """Compile the operation of an executor, with the variables of its directives as they are.

    Raises:
        NotCompilableError: it has a shape that is left to graphql-core.
        GraphQLError: a directive's argument has no possible value; graphql-core says so, too.
    """
    return _Compiler(executor).plan()


class _Compiler:
    def __init__(self, executor: Executor[Any]) -> None:
        self._executor = executor
        self._schema = executor.schema

    def plan(self) -> StreamPlan:
        operation = self._executor.operation
        mutation = self._schema.mutation_type
        if operation.operation is not OperationType.MUTATION or mutation is None:
            raise NotCompilableError("not a mutation")
        fields = collect_fields(
            self._schema, self._executor.fragments, self._executor.variable_values, mutation, operation
        ).grouped_field_set
        names = {key: details[0].node.name.value for key, details in fields.items()}
        roots = [key for key, name in names.items() if name == ROOT_FIELD]
        if len(roots) != 1 or set(names.values()) - {ROOT_FIELD, "__typename"}:
            raise NotCompilableError("other root fields")
        details = fields[roots[0]]
        definition = mutation.fields[ROOT_FIELD]
        named = cast("GraphQLObjectType", get_named_type(definition.type))
        response = self._object(named, details, RefSet())
        return StreamPlan(
            keys={key: None if name == ROOT_FIELD else mutation.name for key, name in names.items()},
            key=roots[0],
            definition=definition,
            nodes=_nodes(details),
            response=response,
            read_once=_read_once(response),
        )

    def _object(self, type_: GraphQLObjectType, details: FieldDetailsList, inside: _Usages) -> ObjectPlan:
        executor = self._executor
        collected = collect_subfields(
            self._schema, executor.fragments, executor.variable_values, executor.operation, type_, details
        )
        plan = build_execution_plan(collected.grouped_field_set, inside)
        groups = _groups(plan, collected.new_defer_usages)
        return ObjectPlan(self._fields(type_, plan.grouped_field_set, inside), self._below(type_, None, groups))

    def _below(self, type_: GraphQLObjectType, above: DeferUsage | None, groups: _Groups) -> tuple["GroupPlan", ...]:
        """The fragments deferred directly within another one, or within none."""
        return tuple(
            self._group(type_, usage, fields, groups)
            for usage, fields in groups
            if _nearest(usage.parent_defer_usage, groups) is above
        )

    def _group(
        self, type_: GraphQLObjectType, usage: DeferUsage, grouped: GroupedFieldSet, groups: _Groups
    ) -> GroupPlan:
        fields = self._fields(type_, grouped, RefSet([usage]))
        return GroupPlan(usage.label, ObjectPlan(fields, self._below(type_, usage, groups)), _make_places(fields))

    def _fields(self, type_: GraphQLObjectType, grouped: GroupedFieldSet, inside: _Usages) -> tuple[FieldPlan, ...]:
        return tuple(self._field(type_, key, details, inside) for key, details in grouped.items())

    def _field(self, type_: GraphQLObjectType, key: str, details: FieldDetailsList, inside: _Usages) -> FieldPlan:
        name = details[0].node.name.value
        if name == "__typename":
            return FieldPlan(key=key, owner="", read=_always(type_.name), nodes=_nodes(details), coerce=str)
        declared: Any = type_.fields[name].type
        is_list = isinstance(_nullable(declared), GraphQLList)
        named = _named_type(declared)
        stream = self._stream(details) if is_list else None
        if stream is not None:
            # As graphql-core has it: an item is a new beginning, whatever its list is deferred by.
            details, inside = [FieldDetails(each.node, None) for each in details], RefSet()
        return FieldPlan(
            key=key,
            owner=f"{type_.name}.{name}",
            read=attrgetter(snake_case(name)),
            nodes=_nodes(details),
            is_non_null=isinstance(declared, GraphQLNonNull),
            is_list=is_list,
            coerce=named.coerce_output_value if is_leaf_type(named) else None,
            objects=self._objects(named, details, inside),
            stream=stream,
            is_text=named is GraphQLString,
        )

    def _objects(self, type_: Any, details: FieldDetailsList, inside: _Usages) -> Mapping[str, ObjectPlan]:
        if is_leaf_type(type_):
            return {}
        types = self._schema.get_possible_types(type_) if is_abstract_type(type_) else [type_]
        return {each.name: self._object(each, details, inside) for each in types}

    def _stream(self, details: FieldDetailsList) -> StreamUsage | None:
        given = get_directive_values(GraphQLStreamDirective, details[0].node, self._executor.variable_values)
        if not given or given.get("if") is False:
            return None
        count = given.get("initialCount")
        if count is None or not 0 <= count <= MAX_INITIAL_COUNT:
            raise NotCompilableError("initialCount")
        if count and any(each.defer_usage is not details[0].defer_usage for each in details):
            raise NotCompilableError("overlapping fragments")
        return StreamUsage(count, given.get("label"))


def _groups(plan: ExecutionPlan, declared: Sequence[DeferUsage]) -> _Groups:
    """What is deferred, each group of one fragment of this very object."""
    groups: list[tuple[DeferUsage, GroupedFieldSet]] = []
    for usages, fields in plan.new_grouped_field_sets.items():
        usage = next(iter(usages))
        if len(usages) != 1 or not any(usage is each for each in declared):
            # The fragment's other fields are elsewhere, and graphql-core sends all of them together or none.
            raise NotCompilableError("overlapping fragments")
        groups.append((usage, fields))
    return groups


def _nearest(usage: DeferUsage | None, groups: _Groups) -> DeferUsage | None:
    while usage is not None and not any(usage is each for each, _ in groups):
        usage = usage.parent_defer_usage
    return usage


def _make_places(fields: Sequence[FieldPlan]) -> bool:
    return any(
        each.stream is not None or any(below.groups or _make_places(below.fields) for below in each.objects.values())
        for each in fields
    )


def _read_once(response: ObjectPlan) -> frozenset[str]:
    messages = [each for each in _all_fields(response) if each.owner == MESSAGES]
    if len(messages) != 1:
        return frozenset()
    owners = Counter(each.owner for plan in messages[0].objects.values() for each in _all_fields(plan))
    return frozenset(owner for owner, times in owners.items() if times == 1)


def _all_fields(plan: ObjectPlan) -> Iterator[FieldPlan]:
    """Those of an object, deferred or not."""
    yield from plan.fields
    for group in plan.groups:
        yield from _all_fields(group.content)


def _nullable(declared: Any) -> Any:
    is_wrapped = isinstance(declared, GraphQLNonNull)
    wrapper: Any = declared
    return wrapper.of_type if is_wrapped else declared


# Overloads for each kind of type, which a schema's fields do not tell apart.
_named_type: Callable[[Any], Any] = cast("Any", get_named_type)


def _nodes(details: FieldDetailsList) -> list[FieldNode]:
    return [each.node for each in details]


def _always(value: Any) -> Callable[[Any], Any]:
    return lambda _: value
