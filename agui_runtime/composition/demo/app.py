"""The demo: one page, one agent, no key and no network."""

from importlib.resources import files

from aiohttp import web
from dependency_injector import providers

from agui_runtime.composition.app import add_root_health, mount
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.composition.demo.agent import DemoAgent
from agui_runtime.composition.demo.tools import roll_dice
from agui_runtime.composition.settings import Settings

CONTENT_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'"


def demo_container(settings: Settings) -> RuntimeContainer:
    """The runtime behind the demo page."""
    return RuntimeContainer(
        settings=providers.Object(settings),
        agents=providers.Object((DemoAgent(),)),
        tools=providers.Object((roll_dice(),)),
    )


def demo_app(settings: Settings) -> web.Application:
    """The runtime with the page at ``/``."""
    app = web.Application()
    container = demo_container(settings)
    add_root_health(app, container)
    mount(app, container)
    for resource in files("agui_runtime.composition.demo").iterdir():
        suffix = resource.name[resource.name.rfind(".") :]
        if suffix in CONTENT_TYPES:
            path = "/" if resource.name == "page.html" else f"/{resource.name}"
            app.router.add_get(path, _page(resource.read_bytes(), CONTENT_TYPES[suffix], settings.base_path))
    return app


def _page(content: bytes, content_type: str, base_path: str):  # type: ignore[no-untyped-def]
    body = content.replace(b'data-runtime-url="/api/copilotkit"', f'data-runtime-url="{base_path}"'.encode())
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}

    async def serve(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)

    return serve
