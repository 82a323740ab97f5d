"""GraphiQL, the page for browsers at the GraphQL endpoint (contract graphql §8); it needs no other host (ADR 0010)."""

import re
from collections.abc import Awaitable, Mapping
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from urllib.parse import quote

from attrs import frozen

from agui_runtime.adapters.graphql.negotiation import EVENT_STREAM, GRAPHQL_RESPONSE, JSON, MULTIPART
from agui_runtime.adapters.http.exchange import Handler, Headers, Request, Response

HTML = "text/html"
FOLDER = "/graphiql/"
STYLES = ("graphiql-4.1.2.min.css",)
SCRIPTS = ("react-18.3.1.min.js", "react-dom-18.3.1.min.js", "graphiql-4.1.2.min.js", "start.js")
"""In the order in which they must run."""

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    # CodeMirror writes style attributes; fonts and icons are inside the style sheet.
    "style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:"
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>GraphiQL</title>
<link rel="icon" href="data:,">
{links}
<style>body {{ margin: 0 }} #graphiql {{ height: 100dvh }}</style>
</head>
<body>
<noscript>GraphiQL needs JavaScript.</noscript>
<div id="graphiql">Loading GraphiQL …</div>
{scripts}
</body>
</html>
"""
_MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_NO_SNIFFING = ("x-content-type-options", "nosniff")
# RFC 9110 §12.4.2
_QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


@frozen
class Asset:
    """A file of the page.

    Attributes:
        name: what it is served as. It carries a digest of the content, so that a browser may keep it unasked.
    """

    name: str
    media_type: str
    content: bytes


class Graphiql:
    """The page and the files that it loads."""

    def __init__(self) -> None:
        self._assets = {FOLDER + asset.name: asset for asset in assets().values()}

    @property
    def paths(self) -> frozenset[str]:
        """The paths of the files, below the base path."""
        return frozenset(self._assets)

    def before(self, endpoint: Handler) -> Handler:
        """The endpoint, with the page for those who prefer one to data.

        As in the TypeScript runtime a ``query`` parameter changes nothing about that: the page shows it in its editor.
        """

        def handle(request: Request) -> Awaitable[Response]:
            if request.method == "GET" and prefers_html(request.header("accept")):
                return self._page(request)
            return endpoint(request)

        return handle

    async def serve(self, request: Request) -> Response:
        """Answer with a file of the page."""
        if request.method not in {"GET", "HEAD"}:
            return Response(405, (("allow", "GET, HEAD"),))
        asset = self._assets[request.path]
        headers = (
            ("content-type", asset.media_type),
            ("cache-control", "public, max-age=86400, immutable"),
            _NO_SNIFFING,
        )
        return Response(200, headers, asset.content)

    async def _page(self, request: Request) -> Response:
        # Relative to the page's own URL: a proxy may serve the endpoint below a prefix that this server never sees.
        endpoint = quote(request.base.rpartition("/")[2])
        folder = "." + FOLDER if request.path == "/" else f"./{endpoint}{FOLDER}"
        return Response(200, _PAGE_HEADERS, _page(folder).encode())


_PAGE_HEADERS: Headers = (
    ("content-type", f"{HTML}; charset=utf-8"),
    # The same URL answers others with data: a cache that knows only the URL must not keep the page.
    ("cache-control", "no-store"),
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("referrer-policy", "no-referrer"),
    _NO_SNIFFING,
)


@cache
def assets() -> Mapping[str, Asset]:
    """The files of the page by their names in the package."""
    folder = files("agui_runtime.adapters.graphql").joinpath("graphiql")
    return {name: _asset(name, folder.joinpath(name).read_bytes()) for name in (*STYLES, *SCRIPTS)}


def prefers_html(accept: str | None) -> bool:
    """Whether an ``Accept`` header names HTML, and none of the forms of data with a higher quality.

    Wildcards count for nothing: programs that take anything want data.
    """
    qualities: dict[str, float] = {}
    for entry in (accept or "").split(","):
        media_type, *parameters = (part.strip() for part in entry.split(";"))
        qualities[media_type.lower()] = _quality(parameters)
    html = qualities.get(HTML, 0.0)
    return html > 0 and all(
        html >= qualities.get(form, 0.0) for form in (GRAPHQL_RESPONSE, JSON, MULTIPART, EVENT_STREAM)
    )


def _quality(parameters: list[str]) -> float:
    found = [float(match[1]) for match in map(_QUALITY.fullmatch, parameters) if match]
    return found[0] if found else 1.0


def _asset(name: str, content: bytes) -> Asset:
    stem, _, suffix = name.rpartition(".")
    return Asset(f"{stem}.{sha256(content).hexdigest()[:12]}.{suffix}", _MEDIA_TYPES["." + suffix], content)


def _page(folder: str) -> str:
    def url(name: str) -> str:
        return escape(folder + assets()[name].name)

    return _PAGE.format(
        links="\n".join(f'<link rel="stylesheet" href="{url(name)}">' for name in STYLES),
        scripts="\n".join(f'<script defer src="{url(name)}"></script>' for name in SCRIPTS),
    )
