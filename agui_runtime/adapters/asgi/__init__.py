"""The ASGI host: translates, no more. It needs no framework; one module knows FastAPI."""

from agui_runtime.adapters.asgi.host import AsgiHost, Life

__all__ = ["AsgiHost", "Life"]
