"""One call of an operation, whichever transport it came by: a path of its own or the single-route envelope."""

from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

from agui_runtime.adapters.codec.json_text import from_json
from agui_runtime.adapters.http.exchange import Request
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.json_value import JsonValue

ABSENT: Any = object()


@frozen
class Call:
    """What is asked.

    Attributes:
        operation: such as ``agent/run``.
        verb: the HTTP method, of the resource for ``resource/request``.
        query: the raw query string.
        is_single: it came in an envelope.
        value: the body that the envelope carried.
    """

    request: Request
    operation: str
    verb: str
    ids: Mapping[str, str] = Factory(dict[str, str])
    query: str = ""
    is_single: bool = False
    value: JsonValue = ABSENT

    def has_body(self) -> bool:
        """Whether there is a body at all."""
        return bool(self.request.body.strip()) if self.value is ABSENT else self.value is not None

    def body(self) -> JsonValue:
        """The JSON body.

        Raises:
            InvalidError: it is no JSON; the message says where it breaks.
        """
        if self.value is not ABSENT:
            # An envelope may carry a resource's body as text.
            return from_json(self.value) if isinstance(self.value, str) else self.value
        if not self.request.body.strip():
            raise InvalidError("The body is empty.")
        try:
            return from_json(self.request.body)
        except InvalidError as error:
            raise InvalidError(f"{error.message.rstrip('.')}: {error.__cause__}.") from error
