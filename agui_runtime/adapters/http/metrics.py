"""``/metrics`` for Prometheus and its like."""

from collections.abc import Callable, Sequence

from agui_runtime.adapters.http.exchange import Request, Response
from agui_runtime.adapters.http.router import Route


def metrics_routes(render: Callable[[str], tuple[str, bytes]]) -> Sequence[Route]:
    """The path, below the base path or at the server's root.

    Args:
        render: from an ``Accept`` header to the content type and the text of all metrics.
    """

    async def answer(request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return Response(405, (("allow", "GET, HEAD"),))
        content_type, text = render(request.header("accept") or "")
        return Response(200, (("content-type", content_type), ("cache-control", "no-store")), text)

    return [Route(frozenset({"/metrics"}), answer, is_polled=True)]
