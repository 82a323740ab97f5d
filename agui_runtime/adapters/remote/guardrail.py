"""A guardrail service of the CopilotKit cloud API's shape (contract graphql §9)."""

import aiohttp

from agui_runtime.application.values import GuardrailRequest, Verdict
from agui_runtime.domain.errors import UnavailableError
from agui_runtime.domain.json_value import JsonValue, is_object
from agui_runtime.domain.messages import AssistantMessage, UserMessage, text_of

KEY_HEADER = "X-CopilotCloud-Public-API-Key"


class HttpGuardrail:
    """Asks ``<base URL>/guardrails/validate``, with the public API key that the frontend sent.

    Args:
        base_url: of the service; nothing is ever asked that is not configured.
        seconds: how long an answer may take.
    """

    def __init__(self, base_url: str, seconds: float = 10.0) -> None:
        self._url = f"{base_url.rstrip('/')}/guardrails/validate"
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the client; the service is asked only when a run needs it."""
        self._session = aiohttp.ClientSession(timeout=self._timeout)

    async def close(self) -> None:
        """Close the client."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def check(self, request: GuardrailRequest) -> Verdict:
        """The service's verdict.

        Raises:
            UnavailableError: it cannot be reached, or its answer is none.
        """
        if self._session is None:
            await self.open()
        assert self._session is not None  # noqa: S101 - open has made it
        try:
            async with self._session.post(
                self._url,
                json=_body(request),
                headers={KEY_HEADER: request.credentials},
                # The key is for this service alone.
                allow_redirects=False,
            ) as response:
                if response.status != 200:
                    raise UnavailableError(f"The guardrails service answered with status {response.status}.")
                return _verdict(await response.json())
        except (aiohttp.ClientError, TimeoutError, ValueError, RecursionError) as error:
            raise UnavailableError("The guardrails service cannot be reached, or its answer is not valid.") from error


def _body(request: GuardrailRequest) -> dict[str, JsonValue]:
    said = [
        {"role": str(message.role), "content": text_of(message.content)}
        for message in request.messages
        if isinstance(message, UserMessage | AssistantMessage) and text_of(message.content)
    ]
    return {
        "input": request.text,
        "validTopics": list(request.allow_list),
        "invalidTopics": list(request.deny_list),
        "messages": said[:-1],
    }


def _verdict(answer: JsonValue) -> Verdict:
    if not is_object(answer) or answer.get("status") not in ("allowed", "denied"):
        raise ValueError("The answer has no status.")
    return Verdict(answer["status"] == "allowed", str(answer.get("reason") or ""))
