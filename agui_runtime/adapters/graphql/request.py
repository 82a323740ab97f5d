"""From an HTTP request to GraphQL parameters, with the TypeScript server's statuses and words (contract graphql §8)."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from attrs import Factory, frozen

from agui_runtime.adapters.codec.json_text import from_json
from agui_runtime.adapters.http.exchange import Headers, Request
from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.json_value import is_array, is_object

PARAMETERS = frozenset({"query", "variables", "operationName", "extensions"})
_ALLOW_BOTH = (("allow", "GET, POST"),)


@frozen
class Parameters:
    """What to execute."""

    query: str
    variables: Mapping[str, Any] = Factory(dict[str, Any])
    operation_name: Any = None


class BadRequestError(Exception):
    """The request is refused before execution.

    Attributes:
        message: ``None`` for an answer without a body.
        is_document_fault: the older JSON media type gets 200 all the same, as for a document that cannot be executed.
    """

    def __init__(
        self,
        status: int,
        message: str | None,
        *,
        headers: Headers = (),
        original: Mapping[str, Any] | None = None,
        is_document_fault: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers
        self.original = original
        self.is_document_fault = is_document_fault


def read_parameters(request: Request) -> Parameters:
    """The parameters of a GET or POST request.

    Raises:
        BadRequestError: with the status that the fault gets.
    """
    if request.method == "GET":
        return _check(_from_query(request.query))
    if request.method != "POST":
        raise BadRequestError(405, "GraphQL only supports GET and POST requests.", headers=_ALLOW_BOTH)
    content_type = _media_type(request.header("content-type") or "")
    if content_type in {"application/json", "application/graphql+json"}:
        return _check(_from_json(request.body))
    if content_type == "application/graphql":
        return _check({"query": _decoded(request.body)})
    if content_type == "application/x-www-form-urlencoded":
        return _check(_from_query(_decoded(request.body)))
    raise BadRequestError(415, None)


# Clients of one kind send one header.
@lru_cache(maxsize=64)
def _media_type(content_type: str) -> str:
    return re.split("[;,]", content_type)[0].strip()


def _from_json(body: bytes) -> dict[str, Any]:
    try:
        value = from_json(body.decode("utf-8"))
    except (InvalidError, UnicodeDecodeError) as error:
        shown = body[:80].decode("utf-8", "replace")
        reason = "Unexpected end of JSON input" if not body.strip() else str(error.__cause__ or error)
        original = {"name": "SyntaxError", "message": f"{reason}, {json.dumps(shown)} is not valid JSON"}
        raise BadRequestError(400, "POST body sent invalid JSON.", original=original) from error
    if not is_object(value):
        if is_array(value):
            raise BadRequestError(400, "Batching is not supported.")
        raise BadRequestError(400, f"POST body is expected to be object but received {_type_name(value)}")
    for key in value:
        if key not in PARAMETERS:
            raise BadRequestError(400, f'Unexpected parameter "{key}" in the request body.')
    return dict(value)


def _from_query(text: str) -> dict[str, Any]:
    """Parameters as a query string carries them: objects as JSON text, the first of a name, empty ones as absent."""
    parameters: dict[str, Any] = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        if key in PARAMETERS:
            parameters.setdefault(key, value)
    parameters = {key: value for key, value in parameters.items() if value}
    for key in ("variables", "extensions"):
        if key in parameters:
            try:
                parameters[key] = from_json(parameters[key])
            except InvalidError as error:
                raise BadRequestError(400, f'The "{key}" parameter is not valid JSON.') from error
    return parameters


def _check(parameters: dict[str, Any]) -> Parameters:
    query = parameters.get("query")
    if query is None:
        raise BadRequestError(400, "Must provide query string.", headers=_ALLOW_BOTH, is_document_fault=True)
    if not isinstance(query, str):
        text = f'Expected "query" param to be a string, but given {_type_name(query)}.'
        raise BadRequestError(400, text, headers=_ALLOW_BOTH)
    for name in ("variables", "extensions"):
        value = parameters.get(name)
        if value is not None and not isinstance(value, dict):
            text = f'Expected "{name}" param to be empty or an object, but given {_type_name(value)}.'
            raise BadRequestError(400, text, headers=_ALLOW_BOTH)
    return Parameters(query, parameters.get("variables") or {}, parameters.get("operationName"))


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequestError(400, "The request body is not valid UTF-8.") from error


def _type_name(value: Any) -> str:
    """JavaScript's name for the type of a JSON value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "array" if isinstance(value, list) else "string" if isinstance(value, str) else "object"
