"""The aiohttp host: translates, no more."""

from agui_runtime.adapters.aiohttp.host import add_router

__all__ = ["add_router"]
