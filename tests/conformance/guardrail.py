"""The rule of the peer's fake guardrails service."""

from agui_runtime.application.values import GuardrailRequest, Verdict
from agui_runtime.domain.errors import UnavailableError


class WordGuardrail:
    """Denies "forbidden"; fails on "unavailable"."""

    async def check(self, request: GuardrailRequest) -> Verdict:
        if "unavailable" in request.text:
            raise UnavailableError("guardrails down")
        if "forbidden" in request.text:
            return Verdict(allowed=False, reason="Topic not allowed")
        return Verdict(allowed=True)
