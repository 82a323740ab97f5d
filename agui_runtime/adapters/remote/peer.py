"""Whom a request goes to, as people know it."""

from urllib.parse import urlsplit

from attrs import field, frozen

from agui_runtime.domain.errors import ConfigurationError


@frozen
class Peer:
    """An agent or an endpoint elsewhere. Errors and logs name it; its URL they never show.

    Attributes:
        kind: ``agent`` or ``remote endpoint``.
        url: what identifies it to the circuit breaker.

    Raises:
        ConfigurationError: the URL cannot be used.
    """

    kind: str
    name: str
    url: str = field(repr=False)

    def __attrs_post_init__(self) -> None:
        """Check the URL."""
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
            has_user = parts.username is not None or parts.password is not None
        except ValueError:
            usable = has_user = False
        if not usable:
            raise ConfigurationError(f"The URL of the {self} must be absolute, with http or https.")
        if has_user:
            raise ConfigurationError(f"The URL of the {self} has a user or a password; configure a header instead.")

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"
