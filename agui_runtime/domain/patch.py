"""RFC 7396 merge and RFC 6902 patches on JSON values."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import jsonpatch
import jsonpointer

from agui_runtime.domain.errors import InvalidEventError
from agui_runtime.domain.json_value import JsonObject, JsonValue


def merge_patch(target: JsonValue, patch: JsonValue) -> JsonValue:
    """RFC 7396: objects merge deeply, ``null`` deletes, anything else replaces. The inputs are not changed."""
    if not isinstance(patch, Mapping):
        return patch
    result: dict[str, Any] = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def apply_patch(document: JsonValue, operations: Sequence[JsonObject]) -> JsonValue:
    """RFC 6902: all operations or none; the document is not changed.

    Raises:
        InvalidEventError: naming the pointer that does not apply.
    """
    done = deepcopy(document)
    for operation in operations:
        try:
            done = jsonpatch.apply_patch(done, [operation], in_place=True)
        except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, KeyError, ValueError) as error:
            raise InvalidEventError(
                f"The state patch cannot be applied: {operation.get('op')} at {operation.get('path')!r}."
                if isinstance(operation, Mapping)
                else "The state patch cannot be applied: an operation is not an object."
            ) from error
    return done


def difference(base: JsonValue, final: JsonValue) -> list[dict[str, Any]]:
    """The RFC 6902 operations that turn ``base`` into ``final``."""
    operations: list[dict[str, Any]] = jsonpatch.make_patch(base, final).patch
    return operations
