"""Who may call, and what is theirs, as the settings say. Closed: what is half configured does not start."""

from ipaddress import ip_address

from agui_runtime.adapters.auth import FirstOf, OwnerScope, StaticTokens, TenantScope
from agui_runtime.adapters.system.access import NoIdentity, OneScope
from agui_runtime.application.ports import AccessPolicy, Identity
from agui_runtime.composition.settings import Settings
from agui_runtime.domain.errors import ConfigurationError
from agui_runtime.domain.identity import Principal


def identity_of(settings: Settings) -> Identity:
    """What finds out who calls.

    Raises:
        ConfigurationError: it is half configured, or its library is missing.
    """
    identities: list[Identity] = []
    if settings.auth_tokens:
        identities.append(StaticTokens({token: Principal(name) for token, name in settings.auth_tokens}))
    if settings.jwt_jwks_url:
        identities.append(_jwt_identity(settings))
    elif settings.jwt_issuer or settings.jwt_audience:
        raise ConfigurationError("AGUI_JWT_JWKS_URL is missing: without it no JSON Web Token can be checked.")
    if not identities:
        return NoIdentity()
    return identities[0] if len(identities) == 1 else FirstOf(identities)


def access_policy_of(settings: Settings, identity: Identity) -> AccessPolicy:
    """What is whose; each caller has its own where callers are known.

    Raises:
        ConfigurationError: the settings ask for what callers cannot have.
    """
    kind = settings.access or ("shared" if isinstance(identity, NoIdentity) else "owner")
    if kind == "shared":
        return OneScope()
    if isinstance(identity, NoIdentity):
        raise ConfigurationError(
            f"AGUI_ACCESS is {kind}, but nobody is asked who they are. Set AGUI_AUTH_TOKENS or AGUI_JWT_JWKS_URL."
        )
    if kind == "owner":
        return OwnerScope()
    if isinstance(identity, StaticTokens):
        raise ConfigurationError("AGUI_ACCESS is tenant, but the tokens of AGUI_AUTH_TOKENS name no tenant.")
    return TenantScope(settings.tenant_claim)


def check_exposure(settings: Settings, identity: Identity) -> None:
    """Refuse to serve strangers who are not asked who they are.

    Raises:
        ConfigurationError: the server would listen beyond this machine without an identity.
    """
    if settings.allow_anonymous or not isinstance(identity, NoIdentity) or _is_loopback(settings.host):
        return
    raise ConfigurationError(
        f"AGUI_HOST is {settings.host}: others than this machine could call, and nobody is asked who they are. Set "
        "AGUI_AUTH_TOKENS or AGUI_JWT_JWKS_URL, or AGUI_ALLOW_ANONYMOUS=1 where something in front asks."
    )


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _jwt_identity(settings: Settings) -> Identity:
    for name, value in (("AGUI_JWT_ISSUER", settings.jwt_issuer), ("AGUI_JWT_AUDIENCE", settings.jwt_audience)):
        if not value:
            raise ConfigurationError(f"AGUI_JWT_JWKS_URL is set, but {name} is not: say whose tokens count.")
    # Imported late: PyJWT is an extra.
    try:
        from agui_runtime.adapters.auth.jwks import KeySet
        from agui_runtime.adapters.auth.jwt_identity import JwtIdentity
    except ModuleNotFoundError as error:
        if error.name not in {"jwt", "cryptography"}:
            raise
        text = "AGUI_JWT_JWKS_URL is set, but PyJWT is missing. Install agui-runtime[jwt]."
        raise ConfigurationError(text) from error
    return JwtIdentity(
        keys=KeySet(settings.jwt_jwks_url),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        algorithms=settings.jwt_algorithms,
    )
