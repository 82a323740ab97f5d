"""RFC 7396 merge and RFC 6902 patches on JSON values."""

from collections.abc import Sequence
from typing import Any

import jsonpatch  # pyright: ignore[reportMissingTypeStubs]
import jsonpointer  # pyright: ignore[reportMissingTypeStubs]

from agui_runtime.domain.errors import InvalidEventError
from agui_runtime.domain.json_value import JsonObject, JsonValue, copy_of, is_object

# The library has no types of its own.
_library: Any = jsonpatch
_REFUSALS = (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, LookupError, ValueError)


def merge_patch(target: JsonValue, patch: JsonValue) -> JsonValue:
    """RFC 7396: objects merge deeply, ``null`` deletes, anything else replaces. The inputs are not changed."""
    if not is_object(patch):
        return patch
    result: dict[str, Any] = dict(target) if is_object(target) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def apply_patch(document: JsonValue, operations: Sequence[JsonObject]) -> JsonValue:
    """RFC 6902: all operations or none; the inputs are not changed.

    Raises:
        InvalidEventError: naming the operation and the pointer that does not apply.
    """
    try:
        patched = copy_of(document)
        for operation in operations:
            patched = _apply(patched, operation)
    except RecursionError as error:
        raise InvalidEventError("The patch cannot be applied: the document is nested too deeply.") from error
    return patched


def difference(base: JsonValue, final: JsonValue) -> list[dict[str, Any]]:
    """The RFC 6902 operations that turn ``base`` into ``final``."""
    return list(_library.make_patch(base, final).patch)


def _apply(document: JsonValue, operation: JsonObject) -> JsonValue:
    if not is_object(operation):  # pyright: ignore[reportUnnecessaryIsInstance] - a producer may send anything
        raise InvalidEventError("The patch cannot be applied: an operation is not an object.")
    try:
        # A copy, since what one operation adds a later one may change.
        return _library.apply_patch(document, [copy_of(operation)], in_place=True)
    except _REFUSALS as error:
        name, pointer = operation.get("op"), operation.get("path")
        raise InvalidEventError(f"The patch cannot be applied: {name} at {pointer!r}.") from error
