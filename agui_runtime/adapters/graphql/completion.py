"""From source objects to response objects by a compiled plan: "value completion" of the GraphQL specification.

The errors are graphql-core's own, and so is what becomes of them: a field that may be null becomes null, any other
makes its object null.
"""

from collections.abc import Sequence
from typing import Any

from attrs import define, field, frozen
from graphql import GraphQLError, located_error

from agui_runtime.adapters.graphql.channel import Channel, Promise, is_channel, is_promise
from agui_runtime.adapters.graphql.stream_plan import FieldPlan, GroupPlan, ObjectPlan

Path = tuple[str | int, ...]
Growing = Channel[Any] | Promise[Any]


@define(eq=False)
class Place:
    """An object in the response with deferred fragments: they wait for the lists below it.

    Attributes:
        open: lists and deferred fragments below it that have not ended, and lists of its own.
        waiting: what is to be told when nothing is open any more.
    """

    above: "Place | None"
    open: int = 0
    waiting: list[Any] = field(factory=list[Any])


@frozen
class LaterItems:
    """A list of which items are still to come, from ``index`` on."""

    plan: FieldPlan
    items: Channel[Any] | Sequence[Any]
    path: Path
    index: int
    place: Place


@frozen
class LaterGroup:
    """A deferred fragment of an object."""

    plan: GroupPlan
    source: Any
    path: Path
    place: Place


@define(eq=False)
class Completion:
    """Completes one value.

    Attributes:
        errors: those of fields that became null.
        later: what is to follow the value.
    """

    errors: list[GraphQLError] = field(factory=list[GraphQLError])
    later: list[LaterItems | LaterGroup] = field(factory=list[LaterItems | LaterGroup])

    def object(self, plan: ObjectPlan, source: Any, path: Path, place: Place) -> dict[str, Any]:
        """An object's fields.

        Raises:
            GraphQLError: a field that must not be null is.
        """
        if plan.groups:
            place = Place(place)
        data = {each.key: self._field(each, source, path, place) for each in plan.fields}
        self.later.extend(LaterGroup(group, source, path, place) for group in plan.groups)
        return data

    def group(self, later: LaterGroup) -> dict[str, Any]:
        """The fields of a deferred fragment; what is deferred within it is of the same object.

        Raises:
            GraphQLError: a field that must not be null is.
        """
        content, source, path, place = later.plan.content, later.source, later.path, later.place
        data = {each.key: self._field(each, source, path, place) for each in content.fields}
        self.later.extend(LaterGroup(group, source, path, place) for group in content.groups)
        return data

    def item(self, plan: FieldPlan, item: Any, path: Path, place: Place) -> Any:
        """An item of a list.

        Raises:
            GraphQLError: it would be null, which no list of ours allows.
        """
        try:
            return self._one(plan, item, path, place)
        except Exception as error:
            raise located_error(error, plan.nodes, list(path)) from error

    def _field(self, plan: FieldPlan, source: Any, path: Path, place: Place) -> Any:
        before = len(self.later)
        try:
            return self._value(plan, plan.read(source), path, place)
        except Exception as error:
            located = located_error(error, plan.nodes, [*path, plan.key])
            if plan.is_non_null:
                raise located from error
            # Nothing follows what is not there.
            del self.later[before:]
            self.errors.append(located)
            return None

    def _value(self, plan: FieldPlan, value: Any, path: Path, place: Place) -> Any:
        if is_promise(value):
            value = value.value
        if value is None and not plan.is_non_null:
            return None
        if plan.is_list and value is not None:
            return self._list(plan, value, (*path, plan.key), place)
        return self._one(plan, value, (*path, plan.key) if plan.objects else path, place)

    def _list(self, plan: FieldPlan, value: Channel[Any] | Sequence[Any], path: Path, place: Place) -> list[Any]:
        items = value.items if isinstance(value, Channel) else value
        count = len(items) if plan.stream is None else plan.stream.initial_count
        completed = [self.item(plan, item, (*path, index), place) for index, item in enumerate(items[:count])]
        if plan.stream is not None and (len(items) > count or is_channel(value)):
            self.later.append(LaterItems(plan, value, path, len(completed), place))
        return completed

    def _one(self, plan: FieldPlan, value: Any, path: Path, place: Place) -> Any:
        if value is None:
            raise TypeError(f"Cannot return null for non-nullable field {plan.owner}.")
        if plan.coerce is None:
            return self.object(plan.object_of(value), value, path, place)
        coerced = plan.coerce(value)
        if coerced is None:
            raise TypeError(f"The value of {plan.owner} cannot be sent.")
        return coerced


def waits_for(plan: ObjectPlan, source: Any) -> Growing | None:
    """What an object must wait for before it can be completed; ``None`` where all of it is there."""
    for each in plan.may_wait:
        value = each.read(source)
        missing: Growing | None = None
        if is_promise(value):
            missing = None if value.is_kept else value
        elif is_channel(value):
            missing = _list_waits_for(each, value)
        if missing is not None:
            return missing
    return None


def _list_waits_for(plan: FieldPlan, channel: Channel[Any]) -> Growing | None:
    count = None if plan.stream is None else plan.stream.initial_count
    if not channel.is_closed and (count is None or len(channel.items) < count):
        return channel
    return first_wait(plan, channel.items[:count])


def first_wait(plan: FieldPlan, items: Sequence[Any]) -> Growing | None:
    """What the first item that is not complete must wait for."""
    if plan.objects:
        for item in items:
            missing = waits_for(plan.object_of(item), item)
            if missing is not None:
                return missing
    return None
