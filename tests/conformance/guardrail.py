"""The rule of the peer's fake guardrails service."""

import asyncio

from agui_runtime.application.values import GuardrailRequest, Verdict
from agui_runtime.domain.errors import UnavailableError


class WordGuardrail:
    """Denies "forbidden"; fails on "unavailable"."""

    async def check(self, request: GuardrailRequest) -> Verdict:
        # A service over HTTP takes a moment; the recordings show what a run says meanwhile.
        await asyncio.sleep(0.01)
        if "unavailable" in request.text:
            raise UnavailableError("guardrails down")
        if "forbidden" in request.text:
            return Verdict(allowed=False, reason="Topic not allowed")
        return Verdict(allowed=True)
