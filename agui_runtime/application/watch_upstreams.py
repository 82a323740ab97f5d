"""Agents and endpoints elsewhere: what is known of them, and a look at those of which nothing good is known."""

import asyncio
import logging
from collections.abc import Iterable

from agui_runtime.application.ports import Upstream
from agui_runtime.application.values import UpstreamHealth

logger = logging.getLogger(__name__)


class WatchUpstreams:
    """Knows those that a runtime is set up with. Those that are made for a request are their maker's business.

    Args:
        upstreams: in the order in which they are told.
    """

    def __init__(self, upstreams: Iterable[Upstream]) -> None:
        self._upstreams = tuple(upstreams)
        self._told: dict[str, str] = {}

    def health(self) -> tuple[UpstreamHealth, ...]:
        """What is known of each; nothing is asked."""
        return tuple(upstream.health() for upstream in self._upstreams)

    async def __call__(self) -> int:
        """Look at those that nobody has asked yet, or with which something is wrong; how many that were.

        So a wrong address or key is known soon after the start, and one that is well again is known to be. Those that
        are well are left in peace: their users' requests tell.
        """
        doubtful = [each for each in self._upstreams if _is_doubtful(each.health())]
        await asyncio.gather(*(_probe(upstream) for upstream in doubtful))
        for upstream in doubtful:
            self._tell(upstream.health())
        return len(doubtful)

    def _tell(self, found: UpstreamHealth) -> None:
        if self._told.get(found.name, "") == found.problem:
            return
        self._told[found.name] = found.problem
        if found.problem:
            logger.warning("Something is wrong elsewhere: %s", found.problem)
        else:
            logger.info("The %s is well again.", found.name)


def _is_doubtful(known: UpstreamHealth) -> bool:
    return bool(known.problem) or not known.asked


async def _probe(upstream: Upstream) -> None:
    try:
        await upstream.probe()
    except Exception:
        # A host's own; the others are looked at all the same.
        logger.exception("The %s could not be looked at.", upstream.health().name)
