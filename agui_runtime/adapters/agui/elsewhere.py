"""What this runtime does not offer, in the answers by which frontends know it (contract agui §1, §14)."""

from agui_runtime.adapters.agui.answers import json_answer, not_found
from agui_runtime.adapters.agui.call import Call
from agui_runtime.adapters.http.exchange import Response

_NEVER_STORED = ("cache-control", "no-store, private")


async def transcribe(_: Call) -> Response:
    """There is no transcription service."""
    body = {
        "error": "service_not_configured",
        "message": "Transcription service is not configured",
        "retryable": False,
    }
    return json_answer(body, 503)


async def inspector_metadata(_: Call) -> Response:
    """There is nothing to say beyond ``/info``."""
    return Response(204, (_NEVER_STORED,))


async def inspector_learning(_: Call) -> Response:
    """A cloud feature."""
    return json_answer({"error": "Not found"}, 404, (_NEVER_STORED,))


async def cloud_only(call: Call) -> Response:
    """Features of CopilotKit's cloud, which self-hosted runtimes do not have."""
    text = f"{call.operation} is a feature of CopilotKit's cloud; this runtime does not offer it."
    return json_answer({"error": text}, 422)


async def hidden(_: Call) -> Response:
    """Nothing is there."""
    return not_found()


async def debug_events(_: Call) -> Response:
    """The TypeScript runtime's development stream, in its words for "off"."""
    return Response(404, (("content-type", "text/plain;charset=UTF-8"),), b"Not Found")
