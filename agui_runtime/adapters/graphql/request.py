"""From an HTTP request to GraphQL parameters, with the TypeScript server's statuses and words (contract graphql §8)."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from attrs import Factory, frozen

from agui_runtime.adapters.http.exchange import Headers, Request
from agui_runtime.domain.json_value import JsonValue, is_array, is_object

PARAMETERS = frozenset({"query", "variables", "operationName", "extensions"})
_ALLOW_BOTH = (("allow", "GET, POST"),)


@frozen
class Parameters:
    """What to execute."""

    query: str
    variables: Mapping[str, Any] = Factory(dict[str, Any])
    operation_name: Any = None


class BadRequestError(Exception):
    """The request is refused before execution. ``message`` is ``None`` for an answer without a body."""

    def __init__(
        self,
        status: int,
        message: str | None,
        *,
        headers: Headers = (),
        original: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers
        self.original = original


def read_parameters(request: Request) -> Parameters:
    """The parameters of a GET or POST request.

    Raises:
        BadRequestError: with the status that the fault gets.
    """
    if request.method == "GET":
        return _check(_from_query(dict(parse_qsl(request.query, keep_blank_values=True))))
    if request.method != "POST":
        raise BadRequestError(405, "GraphQL only supports GET and POST requests.", headers=_ALLOW_BOTH)
    content_type = (request.header("content-type") or "").partition(";")[0].strip()
    if content_type in {"application/json", "application/graphql+json"}:
        return _check(_from_json(request.body))
    if content_type == "application/graphql":
        return _check({"query": _decoded(request.body)})
    if content_type == "application/x-www-form-urlencoded":
        return _check(_from_query(dict(parse_qsl(_decoded(request.body), keep_blank_values=True))))
    raise BadRequestError(415, None)


def _from_json(body: bytes) -> dict[str, Any]:
    try:
        value: JsonValue = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        shown = body[:80].decode("utf-8", "replace")
        reason = "Unexpected end of JSON input" if not body else str(error)
        original = {"name": "SyntaxError", "message": f"{reason}, {json.dumps(shown)} is not valid JSON"}
        raise BadRequestError(400, "POST body sent invalid JSON.", original=original) from error
    if is_array(value):
        raise BadRequestError(400, "Batching is not supported.")
    if not is_object(value):
        raise BadRequestError(400, f"POST body is expected to be object but received {_type_name(value)}")
    for key in value:
        if key not in PARAMETERS:
            raise BadRequestError(400, f'Unexpected parameter "{key}" in the request body.')
    return dict(value)


def _from_query(pairs: dict[str, str]) -> dict[str, Any]:
    """Parameters as a query string carries them: objects as JSON text, unknown ones ignored."""
    parameters: dict[str, Any] = {key: value for key, value in pairs.items() if key in PARAMETERS}
    for key in ("variables", "extensions"):
        if parameters.get(key):
            try:
                parameters[key] = orjson.loads(parameters[key])
            except orjson.JSONDecodeError as error:
                raise BadRequestError(400, f'The "{key}" parameter is not valid JSON.') from error
        else:
            parameters.pop(key, None)
    return parameters


def _check(parameters: dict[str, Any]) -> Parameters:
    query = parameters.get("query")
    if query is None:
        raise BadRequestError(200, "Must provide query string.", headers=_ALLOW_BOTH)
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
