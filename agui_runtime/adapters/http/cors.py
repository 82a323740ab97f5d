"""CORS as browsers of unmodified frontends need it (contract graphql §9, frontends.md)."""

import re
from collections.abc import Mapping

from attrs import frozen

from agui_runtime.adapters.http.exchange import Headers

_LOOPBACK = re.compile(r"https?://(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?", re.IGNORECASE)

ANY_ORIGIN = "*"


@frozen
class CorsPolicy:
    """Which pages may call.

    Allowed origins are echoed, never answered with ``*``: frontends send credentials, and a browser then refuses the
    star (frontends.md).

    Attributes:
        origins: exact origins such as ``https://app.example.com``; ``*`` allows every page.
        allow_loopback: pages on this machine may call; for development.
    """

    origins: frozenset[str] = frozenset()
    allow_loopback: bool = True

    def allows(self, origin: str) -> bool:
        """Whether pages of that origin may call."""
        if ANY_ORIGIN in self.origins or origin in self.origins:
            return True
        return self.allow_loopback and _LOOPBACK.fullmatch(origin) is not None

    def response_headers(self, request_headers: Mapping[str, str]) -> Headers:
        """The headers of an answer; none without an ``Origin``, only ``Vary`` for one that may not call."""
        origin = request_headers.get("origin")
        if origin is None:
            return ()
        if not self.allows(origin):
            return (("vary", "Origin"),)
        return (
            ("access-control-allow-origin", origin),
            ("vary", "Origin"),
            ("access-control-allow-credentials", "true"),
        )

    def preflight_headers(self, request_headers: Mapping[str, str]) -> Headers:
        """The headers that answer an OPTIONS request: what was asked for is echoed."""
        origin = request_headers.get("origin")
        if origin is None or not self.allows(origin):
            return self.response_headers(request_headers)
        method = request_headers.get("access-control-request-method")
        asked = request_headers.get("access-control-request-headers")
        headers = [("access-control-allow-origin", origin)]
        headers.append(("vary", "Origin, Access-Control-Request-Headers" if asked else "Origin"))
        if method is not None:
            headers.append(("access-control-allow-methods", method))
        if asked is not None:
            headers.append(("access-control-allow-headers", asked))
        headers.append(("access-control-allow-credentials", "true"))
        return headers
