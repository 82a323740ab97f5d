"""A fixed set of bearer tokens, for services and small teams."""

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256

from agui_runtime.adapters.auth.bearer import UnauthenticatedError, bearer_token
from agui_runtime.application.ports import Identity
from agui_runtime.application.values import RequestFacts
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.identity import Principal

MIN_LENGTH = 16
"""Characters; what is shorter can be guessed."""


class StaticTokens:
    """Knows callers by their tokens. Only digests are kept.

    Args:
        principals: callers by token. Several tokens of one caller let it change them without a gap.

    Raises:
        ConfigurationError: there are none, or one is too short.
    """

    def __init__(self, principals: Mapping[str, Principal]) -> None:
        if not principals:
            raise ConfigurationError("There are no tokens: nobody could sign in.")
        for token, principal in principals.items():
            if len(token) < MIN_LENGTH:
                raise ConfigurationError(
                    f"The token of {principal.subject!r} has less than {MIN_LENGTH} characters: it could be guessed."
                )
        self._principals = [(_digest(token), principal) for token, principal in principals.items()]

    async def identify(self, facts: RequestFacts) -> Principal:
        """Whose token it is.

        Raises:
            UnauthenticatedError: nobody's.
        """
        digest = _digest(bearer_token(facts))
        # All are compared, each in constant time: how long it takes says nothing of the tokens there are.
        found = [principal for known, principal in self._principals if hmac.compare_digest(known, digest)]
        if not found:
            raise UnauthenticatedError("The token is none of those configured.")
        return found[0]


class FirstOf:
    """Several identities; the first that knows the caller counts.

    Args:
        identities: in the order in which they are asked.
    """

    def __init__(self, identities: Sequence[Identity]) -> None:
        self._identities = tuple(identities)

    async def open(self) -> None:
        """Open those that have something to open."""
        for identity in self._identities:
            if hasattr(identity, "open"):
                await identity.open()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]

    async def close(self) -> None:
        """Close those that have something to close."""
        for identity in reversed(self._identities):
            if hasattr(identity, "close"):
                await identity.close()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]

    async def identify(self, facts: RequestFacts) -> Principal:
        """Who calls.

        Raises:
            UnauthenticatedError: none of them knows; with all their reasons.
            UnavailableError: one of them cannot ask whom it must.
        """
        reasons: list[str] = []
        for identity in self._identities:
            try:
                return await identity.identify(facts)
            except UnauthenticatedError as error:
                reasons.append(error.reason)
        raise UnauthenticatedError(" ".join(dict.fromkeys(reasons)))


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
