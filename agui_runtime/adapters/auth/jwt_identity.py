"""JSON Web Tokens (RFC 7519, RFC 8725) as PyJWT checks them. Imported late: PyJWT is the extra ``jwt``."""

from collections.abc import Iterable
from typing import Any, Protocol

import jwt
from attrs import field, frozen

from agui_runtime.adapters.auth.bearer import UnauthenticatedError, bearer_token
from agui_runtime.application.values import RequestFacts
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.identity import Principal

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Those with a public key. A shared secret would let everybody who can check tokens make them as well."""
REQUIRED = ("exp", "iss", "aud", "sub")


class Keys(Protocol):
    """Where the keys are, such as ``KeySet``."""

    async def key(self, key_id: str | None) -> jwt.PyJWK | None:
        """The key of that id, the only key where none is named; ``None`` where there is none."""
        ...


def _names(values: str | Iterable[str]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


@frozen(kw_only=True)
class JwtIdentity:
    """Knows callers by signed tokens. A token must say who made it, for whom, about whom and until when.

    Attributes:
        keys: the provider's signing keys.
        issuer: who may have made it: the exact ``iss``.
        audience: for whom it must be: any of these as ``aud``.
        algorithms: with which it may be signed.
        leeway_seconds: by how much clocks may differ.

    Raises:
        ConfigurationError: an algorithm is none of ``ALGORITHMS``, or issuer, audience or algorithms are missing.
    """

    keys: Keys
    issuer: str
    audience: tuple[str, ...] = field(converter=_names)
    algorithms: tuple[str, ...] = field(default=("RS256", "ES256"), converter=_names)
    leeway_seconds: float = 30.0

    def __attrs_post_init__(self) -> None:
        for name in ("issuer", "audience", "algorithms"):
            if not getattr(self, name):
                raise ConfigurationError(f"JWT: the {name} is missing.")
        unknown = sorted(set(self.algorithms) - ALGORITHMS)
        if unknown:
            raise ConfigurationError(
                f"JWT: {unknown[0]!r} is no algorithm with a public key; known are {', '.join(sorted(ALGORITHMS))}."
            )

    async def identify(self, facts: RequestFacts) -> Principal:
        """Whom the token is about.

        Raises:
            UnauthenticatedError: there is no token, or it is not to be trusted.
            UnavailableError: the keys cannot be fetched.
        """
        token = bearer_token(facts)
        key = await self._key_of(token)
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key=key,
                algorithms=self.algorithms,
                issuer=self.issuer,
                audience=self.audience,
                leeway=self.leeway_seconds,
                options={"require": list(REQUIRED)},
            )
        except jwt.PyJWTError as error:
            raise UnauthenticatedError(f"The token was not accepted: {error!r}") from error
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject:
            raise UnauthenticatedError("The token names nobody.")
        return Principal(subject, claims)

    async def _key_of(self, token: str) -> jwt.PyJWK:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise UnauthenticatedError(f"The token cannot be read: {error!r}") from error
        # Asked before the keys are: a token that could never be accepted must not make anybody fetch.
        if header.get("alg") not in self.algorithms:
            raise UnauthenticatedError(f"The token is signed with {header.get('alg')!r}, which is not allowed.")
        key = await self.keys.key(header.get("kid"))
        if key is None:
            raise UnauthenticatedError(f"There is no signing key {header.get('kid')!r}.")
        if key.algorithm_name != header["alg"]:
            raise UnauthenticatedError(f"The key {header.get('kid')!r} is not for {header['alg']!r}.")
        return key
