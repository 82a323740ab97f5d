"""What a client makes of incremental results, in both formats, and the recorded operations to ask with."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[3] / "data" / "graphql"
OPERATIONS = DATA / "operations"


def operation(version: str, name: str = "generateCopilotResponse") -> str:
    return (OPERATIONS / version / f"{name}.graphql").read_text(encoding="utf-8")


def variables(version: str, name: str = "generateCopilotResponse") -> dict[str, Any]:
    recorded = json.loads((OPERATIONS / version / f"{name}.request.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = recorded["body"]["variables"]
    return found


def recorded_operations() -> list[Path]:
    return sorted(OPERATIONS.glob("*/*.graphql"))


class Merged2022:
    """The format of 2022, as urql applies it: by paths, an index last for items."""

    def __init__(self, initial: Mapping[str, Any]) -> None:
        self.data: Any = deepcopy(initial["data"])
        self.errors: list[Any] = list(initial.get("errors", ()))

    def add(self, payload: Mapping[str, Any]) -> None:
        for entry in payload.get("incremental", ()):
            self.errors.extend(entry.get("errors", ()))
            if "items" in entry:
                *parents, index = entry["path"]
                target = _at(self.data, parents)
                for offset, item in enumerate(deepcopy(entry["items"]) or ()):
                    assert len(target) == index + offset, "an item has left out an index"
                    target.append(item)
            elif entry["data"] is not None:
                _merge(_at(self.data, entry["path"]), deepcopy(entry["data"]))


class MergedNewer:
    """The format of graphql-core 3.3: by the ids of announced lists and fragments."""

    def __init__(self, initial: Any) -> None:
        self.data: Any = deepcopy(initial.data)
        self._paths: dict[str, list[Any]] = {}
        self._announce(initial)

    def add(self, result: Any) -> None:
        self._announce(result)
        for entry in result.incremental or ():
            path = [*self._paths[entry.id], *(entry.sub_path or ())]
            if hasattr(entry, "items"):
                _at(self.data, path).extend(deepcopy(entry.items))
            else:
                _merge(_at(self.data, path), deepcopy(entry.data))

    def _announce(self, result: Any) -> None:
        for pending in result.pending or ():
            self._paths[pending.id] = list(pending.path)


def entries(payloads: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for payload in payloads:
        yield from payload.get("incremental", ())


def _at(data: Any, path: Any) -> Any:
    for step in path:
        data = data[step]
    return data


def _merge(target: dict[str, Any], data: Mapping[str, Any]) -> None:
    for key, value in data.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value
