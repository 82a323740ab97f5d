"""Documents that ask for a response in any way that the schema allows, and the values of their variables.

They are made from a seed: documents drawn choice by choice take hypothesis a hundred times longer than the rest.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

from attrs import define, field, frozen
from graphql import GraphQLObjectType, get_named_type, is_abstract_type, is_leaf_type, is_list_type, is_non_null_type
from hypothesis import strategies as st

from agui_runtime.adapters.graphql.schema import load_schema

DEPTH = 4
VARIABLES = {"yes": "$yes: Boolean! = true", "no": "$no: Boolean! = false", "count": "$count: Int = 1"}
_CONDITIONS = ("", "", "(if: $yes)", "(if: $no)", "(if: true)", "(if: false)")
_STREAMS = ("", "@stream", "@stream", "@stream(initialCount: 1)", "@stream(initialCount: $count)", "@stream(if: $no)")
_INCLUSIONS = ("", "", "", "", "@include(if: $yes)", "@skip(if: $no)", "@include(if: $no)")


@frozen
class RandomDocument:
    """A mutation, and what its variables are besides ``data``."""

    text: str
    variables: dict[str, Any]


@define
class _Writer:
    random: Random
    fragments: list[str] = field(factory=list[str])
    labels: int = 0
    lists: int = 0

    def selections(self, type_: Any, depth: int) -> str:
        count = self.random.randint(1, 3)
        return " ".join(["__typename", *(self._selection(type_, depth) for _ in range(count))])

    def _selection(self, type_: Any, depth: int) -> str:
        if not hasattr(type_, "fields") or self.random.random() < 0.4:
            return self._fragment(type_, depth) if depth > 0 else "__typename"
        return self._field(type_, depth)

    def _field(self, type_: Any, depth: int) -> str:
        names = [name for name, each in type_.fields.items() if depth > 0 or is_leaf_type(get_named_type(each.type))]
        if not names:
            return "__typename"
        name = self.random.choice(names)
        declared = type_.fields[name].type
        is_list = is_list_type(declared.of_type if is_non_null_type(declared) else declared)
        parts = [name, self._stream() if is_list else "", self.random.choice(_INCLUSIONS)]
        if is_list:
            # No list may be asked for twice by one key, if it is streamed.
            self.lists += 1
            parts[0] = f"list{self.lists}: {name}"
        elif self.random.random() < 0.2:
            parts[0] = f"my_{name}: {name}"
        below = get_named_type(declared)
        if not is_leaf_type(below):
            parts.append(f"{{ {self.selections(below, depth - 1)} }}")
        elif is_list and self.random.random() < 0.4:
            # Readers of one list go on at their own pace.
            self.lists += 1
            parts.append(f"list{self.lists}: {name} {self._stream()}")
        return " ".join(filter(None, parts))

    def _stream(self) -> str:
        self.labels += 1
        return self.random.choice([*_STREAMS, f'@stream(label: "L{self.labels}")'])

    def _fragment(self, type_: Any, depth: int) -> str:
        on = self.random.choice([type_, *_types_within(type_)])
        below = self.selections(on, depth - 1)
        defer = self._defer() if self.random.random() < 0.5 else ""
        if self.random.random() < 0.2:
            name = f"Part{len(self.fragments)}"
            self.fragments.append(f"fragment {name} on {on.name} {{ {below} }}")
            return f"...{name} {defer}"
        return f"... on {on.name} {defer} {{ {below} }}"

    def _defer(self) -> str:
        self.labels += 1
        labelled = f'(label: "L{self.labels}")'
        return f"@defer{self.random.choice([*_CONDITIONS, labelled])}"


def _types_within(type_: Any) -> Sequence[GraphQLObjectType]:
    return load_schema().get_possible_types(type_) if is_abstract_type(type_) else ()


@st.composite
def documents(draw: Any) -> RandomDocument:
    writer = _Writer(Random(draw(st.integers(0, 2**32))))  # noqa: S311 - no secrets here
    schema = load_schema()
    selections = writer.selections(schema.type_map["CopilotResponse"], DEPTH)
    if writer.random.random() < 0.7:
        stream = writer.random.choice(_STREAMS)
        selections += f" messages {stream} {{ {writer.selections(schema.type_map['BaseMessageOutput'], DEPTH)} }}"
    text = "\n".join([f"{{ root: generateCopilotResponse(data: $data) {{ {selections} }} }}", *writer.fragments])
    used = {name: definition for name, definition in VARIABLES.items() if f"${name})" in text}
    chosen = draw(
        st.fixed_dictionaries({}, optional={"yes": st.booleans(), "no": st.booleans(), "count": st.integers(0, 3)})
    )
    definitions = ", ".join(["$data: GenerateCopilotResponseInput!", *used.values()])
    return RandomDocument(
        f"mutation M({definitions}) {text}", {name: value for name, value in chosen.items() if name in used}
    )
