"""Our own server: the loop it runs on, and its garbage collector."""

import asyncio
import gc
import sys
from types import ModuleType

import pytest
from aiohttp import web

from agui_runtime.composition.server import YOUNG_OBJECTS, run_app


class OurLoop(asyncio.SelectorEventLoop):
    """Stands for uvloop's."""


def loop_of_a_server() -> type[asyncio.AbstractEventLoop]:
    """The kind of loop that an application of ours finds itself on."""
    found: list[type[asyncio.AbstractEventLoop]] = []

    async def look(_: web.Application) -> None:
        found.append(type(asyncio.get_running_loop()))
        raise SystemExit

    app = web.Application()
    app.on_startup.append(look)
    with pytest.raises(SystemExit):
        run_app(app, host="127.0.0.1", port=0, announce=lambda _: None)
    return found[0]


def test_uvloop_is_used_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("uvloop")
    module.new_event_loop = OurLoop  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "uvloop", module)
    assert loop_of_a_server() is OurLoop


def test_pythons_own_loop_is_used_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert issubclass(loop_of_a_server(), asyncio.SelectorEventLoop)
    assert loop_of_a_server() is not OurLoop


def test_a_server_that_listens_leaves_what_its_start_has_made_alone_and_collects_less_often() -> None:
    found: list[tuple[bool, int]] = []

    def look(_: str) -> None:
        found.append((gc.get_freeze_count() > 0, gc.get_threshold()[0]))
        raise SystemExit

    before = gc.get_threshold()
    try:
        with pytest.raises(SystemExit):
            run_app(web.Application(), host="127.0.0.1", port=0, announce=look)
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
    assert found == [(True, YOUNG_OBJECTS)]
