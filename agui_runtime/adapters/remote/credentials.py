"""What a remote agent is told of who asks: configured headers, a bearer token, and the caller's that are allowed."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeVar

from attrs import frozen

from agui_runtime.adapters.remote.headers import EVENT_STREAM, check_headers, request_headers
from agui_runtime.domain.errors import AguiError, ConfigurationError, UnavailableError
from agui_runtime.domain.identity import Caller, Principal, Scope

T = TypeVar("T", str, Mapping[str, str])

HeaderSource = Mapping[str, str] | Callable[[Caller], Mapping[str, str] | Awaitable[Mapping[str, str]]]
"""Headers, or what makes them for each request."""

TokenSource = str | Callable[[Caller], str | Awaitable[str]]
"""A bearer token, or what gives one for each request."""

NOBODY = Caller(Principal("agui-runtime"), Scope("agui-runtime"))
"""Who looks whether an agent is there, for no request."""


@frozen
class _EnvironmentToken:
    variable: str

    def __call__(self, _: Caller) -> str:
        found = os.environ.get(self.variable, "").strip()
        if not found:
            raise ConfigurationError(
                f"The environment variable {self.variable} holds the token of an agent, but is not set."
            )
        return found


def environment_token(variable: str) -> Callable[[Caller], str]:
    """A token that is read from the environment at each request.

    Raises:
        ConfigurationError: when a request needs it and it is not set.
    """
    return _EnvironmentToken(variable)


class Credentials:
    """Of one agent or endpoint. Nothing of a request is kept.

    Args:
        peer: whom they are for, as errors name it.
        headers: go out with every request.
        token: goes out as ``Authorization: Bearer``.
        forward_headers: names of the caller's headers that may go out too, where the host hands them over.

    Raises:
        ConfigurationError: a header cannot be used; it is named, its value is not.
    """

    def __init__(
        self, peer: str, headers: HeaderSource | None, token: TokenSource | None, forward_headers: Iterable[str]
    ) -> None:
        self._peer = peer
        self._headers: HeaderSource = headers if callable(headers) else dict(headers or {})
        self._token = token
        self.forward_headers = tuple(forward_headers)
        fixed = {} if callable(self._headers) else self._headers
        check_headers(peer, fixed, self.forward_headers)
        if isinstance(token, str):
            check_headers(peer, _bearer(token), ())
        if token is not None and any(name.lower() == "authorization" for name in fixed):
            raise ConfigurationError(f"The {peer} has both a token and an Authorization header; configure one of them.")

    def __repr__(self) -> str:
        return f"Credentials({self._peer!r})"

    @property
    def are_per_caller(self) -> bool:
        """Whether they are made from who calls."""
        return callable(self._headers) or (callable(self._token) and not isinstance(self._token, _EnvironmentToken))

    @property
    def need_caller(self) -> bool:
        """Whether nobody can be asked without one: they are a caller's, or a caller's headers are all there is."""
        has_own = bool(self._headers) or self._token is not None
        return self.are_per_caller or (bool(self.forward_headers) and not has_own)

    async def headers_for(
        self,
        caller: Caller,
        given: Mapping[str, str],
        correlation_id: str,
        *,
        seconds: float,
        accept: str = EVENT_STREAM,
    ) -> dict[str, str]:
        """The headers of one request.

        Args:
            caller: for whom it is made.
            given: the caller's headers that the host allows to go to agents.
            correlation_id: goes along as ``X-Request-ID``.
            seconds: how long what makes headers or token may take.
            accept: the content type asked for.

        Raises:
            UnavailableError: what makes headers or token failed; nothing was sent.
            ConfigurationError: what they made cannot be sent.
            InvalidError: a header of the caller would break the request.
        """
        headers = dict(await self._made(self._headers, caller, seconds) if callable(self._headers) else self._headers)
        if self._token is not None:
            token = await self._made(self._token, caller, seconds) if callable(self._token) else self._token
            headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
            headers |= _bearer(token)
        check_headers(self._peer, headers, ())
        return request_headers(headers, self.forward_headers, given, correlation_id, accept)

    async def _made(self, make: Callable[[Caller], T | Awaitable[T]], caller: Caller, seconds: float) -> T:
        try:
            async with asyncio.timeout(seconds):
                made = make(caller)
                return await made if isinstance(made, Awaitable) else made
        except AguiError:
            raise
        except Exception as error:
            raise UnavailableError(f"The credentials of the {self._peer} could not be made.") from error


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
