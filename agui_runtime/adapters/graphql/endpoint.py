"""The GraphQL endpoint: an HTTP request in, one answer or a stream of parts out (contract graphql §5, §8)."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

from graphql import ExecutionResult, FieldNode, GraphQLError, OperationDefinitionNode, get_variable_values

from agui_runtime.adapters.graphql.context import OperationContext, Operations
from agui_runtime.adapters.graphql.document_limits import DocumentLimits
from agui_runtime.adapters.graphql.documents import Document, Documents, Refused, is_mutation, operation_of
from agui_runtime.adapters.graphql.errors import format_error
from agui_runtime.adapters.graphql.execution import OperationExecutor
from agui_runtime.adapters.graphql.json_bytes import json_bytes
from agui_runtime.adapters.graphql.known_documents import known_documents
from agui_runtime.adapters.graphql.negotiation import (
    INCREMENTAL_OFFERED,
    SINGLE_OFFERED,
    Accepted,
    Form,
    negotiate,
)
from agui_runtime.adapters.graphql.payloads import Payloads
from agui_runtime.adapters.graphql.request import BadRequestError, Parameters, read_parameters
from agui_runtime.adapters.graphql.request_errors import format_variable_fault
from agui_runtime.adapters.graphql.resolvers import bind_resolvers
from agui_runtime.adapters.graphql.schema import load_schema
from agui_runtime.adapters.http import multipart, sse
from agui_runtime.adapters.http.exchange import Headers, Request, Response
from agui_runtime.adapters.http.keep_alive import KeepAlive
from agui_runtime.adapters.http.router import OPERATION
from agui_runtime.application.ports import Telemetry
from agui_runtime.domain.errors import AguiError

CLIENT_VERSION = "x-copilotkit-runtime-client-gql-version"
RUNTIME_VERSION = "x-copilotkit-runtime-version"
_CONTENT_TYPES: Mapping[Form, Headers] = {
    **{form: (("content-type", form.value),) for form in Form},
    Form.EVENT_STREAM: (
        ("content-type", Form.EVENT_STREAM.value),
        ("cache-control", "no-cache"),
        ("content-encoding", "none"),
    ),
}


class GraphqlEndpoint:
    """Serves the schema to CopilotKit's clients.

    Args:
        compiles: whether streaming operations of the usual shape are compiled (ADR 0014); graphql-core can execute all
            of them, at several times the cost.
    """

    def __init__(
        self, operations: Operations, limits: DocumentLimits, telemetry: Telemetry, *, compiles: bool = True
    ) -> None:
        self._operations = operations
        self._schema = bind_resolvers(load_schema())
        self._documents = Documents(self._schema, limits, always=known_documents(limits))
        self._executor = OperationExecutor(self._schema, telemetry, compiles=compiles)

    async def handle(self, request: Request) -> Response:
        """Answer a request on the endpoint's own path."""
        accepted = negotiate(request.header("accept"))
        if accepted.single is None:
            return self._not_acceptable(request)
        try:
            parameters = read_parameters(request)
            found = self._find(request, parameters, accepted)
        except BadRequestError as error:
            return _refuse(error, accepted.single, version_headers(request))
        if isinstance(found, Response):
            return found
        document, operation = found
        return await self._run(request, parameters, document, operation, accepted)

    def _not_acceptable(self, request: Request) -> Response:
        """The client takes no form of answer that there is; what it could take hangs on what it asked for."""
        offered = SINGLE_OFFERED
        try:
            parameters = read_parameters(request)
        except BadRequestError as error:
            if error.message is None:
                return Response(error.status, (*error.headers, *version_headers(request)))
        else:
            document = self._documents.get(parameters.query)
            operation = operation_of(document.operations or (), parameters.operation_name)
            if isinstance(document, Document) and operation is not None:
                is_incremental = document.is_incremental(operation, parameters.variables)
                offered = INCREMENTAL_OFFERED if is_incremental else SINGLE_OFFERED
        return Response(406, (("accept", offered), *version_headers(request)))

    def _find(
        self, request: Request, parameters: Parameters, accepted: Accepted
    ) -> tuple[Document, OperationDefinitionNode] | Response:
        """What is to be executed, or why nothing is."""
        assert accepted.single is not None  # noqa: S101 - handle has looked
        document = self._documents.get(parameters.query)
        if document.operations is not None:
            # Which operation is meant, and whether it may come by GET, is looked at before it is validated.
            operation = operation_of(document.operations, parameters.operation_name)
            if operation is None:
                fault = _error("Could not determine what operation to execute.", "OPERATION_RESOLUTION_FAILURE")
                return _single(400, {"errors": [fault]}, accepted.single, version_headers(request))
            if request.method == "GET" and is_mutation(operation):
                text = "Can only perform a mutation operation from a POST request."
                raise BadRequestError(405, text, headers=(("allow", "POST"),))
            if isinstance(document, Document):
                refusal = self._refusal(request, parameters, document, operation, accepted)
                return (document, operation) if refusal is None else refusal
        assert isinstance(document, Refused)  # noqa: S101 - every other one has its operations
        return _invalid(document, accepted.single, request)

    def _refusal(
        self,
        request: Request,
        parameters: Parameters,
        document: Document,
        operation: OperationDefinitionNode,
        accepted: Accepted,
    ) -> Response | None:
        """The answer to a client that does not take results in parts, and asks for one."""
        assert accepted.single is not None  # noqa: S101 - handle has looked
        if accepted.incremental is None and document.is_incremental(operation, parameters.variables):
            # Asked before the agent runs: the TypeScript server runs it first and then throws the result away.
            if faults := self._variable_faults(operation, parameters):
                return _single(400, {"errors": faults}, accepted.single, version_headers(request))
            return Response(406, (("accept", INCREMENTAL_OFFERED), *version_headers(request)))
        return None

    def _variable_faults(self, operation: OperationDefinitionNode, parameters: Parameters) -> list[dict[str, Any]]:
        found = get_variable_values(self._schema, operation.variable_definitions or (), dict(parameters.variables))
        if not isinstance(found, list):
            return []
        return [format_variable_fault(error, self._schema, parameters.variables) for error in found]

    async def _run(
        self,
        request: Request,
        parameters: Parameters,
        document: Document,
        operation: OperationDefinitionNode,
        accepted: Accepted,
    ) -> Response:
        context = OperationContext(request, self._operations)
        request.memo[OPERATION] = _root_fields(operation)
        try:
            # Before anything is executed, so that no field can forget to ask.
            await context.caller()
        except AguiError as error:
            return _not_welcome(error, request, accepted.single, operation)
        streams = False
        try:
            result = await self._executor.execute(context, document, operation, parameters.variables)
            if isinstance(result, ExecutionResult):
                return self._whole(request, parameters, operation, result, accepted)
            streams = True
        finally:
            if not streams:
                await context.close()
        form = accepted.incremental or Form.MULTIPART
        body = _Stream(result, context, form)
        return Response(200, (*_CONTENT_TYPES[form], *version_headers(request)), body, self._keep_alive(form))

    def _keep_alive(self, form: Form) -> KeepAlive | None:
        seconds = self._operations.keep_alive_seconds
        filler = sse.KEEP_ALIVE if form is Form.EVENT_STREAM else multipart.KEEP_ALIVE
        return KeepAlive(filler, seconds) if seconds else None

    def _whole(
        self,
        request: Request,
        parameters: Parameters,
        operation: OperationDefinitionNode,
        result: ExecutionResult,
        accepted: Accepted,
    ) -> Response:
        assert accepted.single is not None  # noqa: S101 - handle has looked
        errors = result.errors or []
        if result.data is None and errors and all(error.path is None for error in errors):
            faults = [format_variable_fault(error, self._schema, parameters.variables) for error in errors]
            return _single(400, {"errors": faults}, accepted.single, version_headers(request))
        formatted = [
            format_error(error, is_mutation=is_mutation(operation), correlation_id=request.correlation_id)
            for error in errors
        ]
        payload = {"errors": formatted} if formatted else {}
        return _single(200, {**payload, "data": result.data}, accepted.single, version_headers(request))


class _Stream:
    """The framed payloads. Closing it before its end means that the client is gone.

    Attributes:
        is_over: it was read to its end.
    """

    def __init__(self, payloads: Payloads, context: OperationContext, form: Form) -> None:
        self._payloads = payloads
        self._context = context
        self._is_sse = form is Form.EVENT_STREAM
        self.is_over = False
        self._pieces = self._frame()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    async def aclose(self) -> None:
        await self._pieces.aclose()
        await self._give_back()

    async def _frame(self) -> AsyncGenerator[bytes, None]:
        frame = sse.next_event if self._is_sse else multipart.part
        opening = sse.OPENING if self._is_sse else multipart.OPENING
        async for payload in self._payloads:
            yield opening + frame(payload)
            opening = b""
        yield sse.COMPLETE if self._is_sse else multipart.CLOSING
        await self._give_back()
        self.is_over = True

    async def _give_back(self) -> None:
        await self._context.close()
        await self._payloads.aclose()


def _root_fields(operation: OperationDefinitionNode) -> str:
    """What an operation asks for; its own name is whatever its client likes."""
    selected = operation.selection_set.selections
    return ",".join(dict.fromkeys(field.name.value for field in selected if isinstance(field, FieldNode)))


def _single(status: int, payload: Mapping[str, Any], form: Form, headers: Headers) -> Response:
    document = json_bytes(payload)
    if form is Form.MULTIPART:
        body = multipart.OPENING + multipart.part(document) + multipart.CLOSING
    elif form is Form.EVENT_STREAM:
        body = sse.OPENING + sse.next_event(document) + sse.COMPLETE
    else:
        body = document
    return Response(status, (*_CONTENT_TYPES[form], *headers), body)


def _not_welcome(error: AguiError, request: Request, form: Form | None, operation: OperationDefinitionNode) -> Response:
    assert form is not None  # noqa: S101 - handle has looked
    fault = GraphQLError(error.message, original_error=error)
    formatted = format_error(fault, is_mutation=is_mutation(operation), correlation_id=request.correlation_id)
    return _single(200, {"errors": [formatted], "data": None}, form, version_headers(request))


def _invalid(refused: Refused, form: Form, request: Request) -> Response:
    # Where the recordings fix the whole body, the id is in the head alone; here it may go along.
    found = {"correlationId": request.correlation_id}
    errors = [{**error, "extensions": {**error["extensions"], **found}} for error in refused.errors]
    return _single(_document_status(form), {"errors": errors}, form, version_headers(request))


def _document_status(form: Form) -> int:
    # Clients of the older media type expect 200 for a document that cannot be executed (contract graphql §8), and
    # those of an event stream read a fault in it.
    return 200 if form in {Form.JSON, Form.EVENT_STREAM} else 400


def _refuse(error: BadRequestError, form: Form, headers: Headers) -> Response:
    if error.message is None:
        return Response(error.status, (*error.headers, *headers))
    body = _error(error.message, "BAD_REQUEST")
    is_document_fault = error.is_document_fault
    if error.original is not None:
        body["extensions"]["originalError"] = error.original
        # JSON that is none has its status in every form but the event stream.
        is_document_fault = is_document_fault or form is Form.EVENT_STREAM
    status = _document_status(form) if is_document_fault else error.status
    return _single(status, {"errors": [body]}, form, (*error.headers, *headers))


def _error(message: str, code: str) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code}}


def version_headers(request: Request) -> Headers:
    """The client's own version: any other makes it warn of a mismatch on every request (contract graphql §9)."""
    version = request.header(CLIENT_VERSION)
    return ((RUNTIME_VERSION, version),) if version and version.isascii() and version.isprintable() else ()
