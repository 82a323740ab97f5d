"""How the texts of variables are read. Each raises ``ValueError`` with what was expected, in words for an operator.

The first line of a reader's docstring is the type that docs/settings.md shows.
"""

import re

from agui_runtime.domain.policy import BusyPolicy

MAX_LIFETIME_SECONDS = 100 * 366 * 24 * 60 * 60

_PATH = re.compile(r"/[A-Za-z0-9._~/-]*")
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


def count(text: str) -> int:
    """A whole number, 1 or more."""
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError("a whole number, 1 or more")
    return int(text)


def address(text: str) -> str:
    """An address to listen on."""
    # Empty means "every interface" to the operating system, which nobody asks for by leaving a variable empty.
    if not text.strip():
        raise ValueError("an address to listen on, such as 127.0.0.1")
    return text.strip()


def port(text: str) -> int:
    """A port number; 0 for any."""
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65535:
        raise ValueError("a port number from 0 to 65535")
    return int(text)


def seconds(text: str) -> float:
    """Seconds, more than 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise ValueError("a number of seconds greater than 0")
    return value


def seconds_or_off(text: str) -> float:
    """Seconds, or 0 for never."""
    try:
        return 0.0 if float(text) == 0 else seconds(text)
    except ValueError:
        raise ValueError("a number of seconds, or 0 for never") from None


def lifetime(text: str) -> float:
    """Seconds, more than 0, up to a hundred years."""
    value = seconds(text)
    if value > MAX_LIFETIME_SECONDS:
        raise ValueError(f"a number of seconds up to {MAX_LIFETIME_SECONDS}, which is a hundred years")
    return value


def switch(text: str) -> bool:
    """``1``, ``true``, ``yes``, ``on``; or ``0``, ``false``, ``no``, ``off``."""
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("1, true, yes, on, 0, false, no or off")


def names(text: str) -> tuple[str, ...]:
    """Names, separated by commas."""
    return tuple(entry.strip() for entry in text.split(",") if entry.strip())


def origins(text: str) -> tuple[str, ...]:
    """Origins of pages, separated by commas, or ``*``."""
    found = names(text)
    for origin in found:
        if origin != "*" and ("://" not in origin or origin.endswith("/")):
            raise ValueError("origins such as https://app.example.com, separated by commas, or *")
    return found


def path(text: str) -> str:
    """A path, without the slash at its end."""
    if _PATH.fullmatch(text) is None:
        raise ValueError("a path that begins with / and has only letters, digits and -._~/")
    return text.rstrip("/")


def url(text: str) -> str:
    """A URL, without the slash at its end."""
    if not text.startswith(("http://", "https://")):
        raise ValueError("a URL that begins with http:// or https://")
    return text.rstrip("/")


def by_name(text: str) -> tuple[tuple[str, str], ...]:
    """``name=value`` pairs, separated by commas."""
    pairs = [tuple(part.strip() for part in entry.split("=", 1)) for entry in names(text)]
    if any(len(pair) != 2 or not all(pair) for pair in pairs) or len({pair[0] for pair in pairs}) < len(pairs):
        raise ValueError("different names, each with =value behind it, separated by commas")
    return tuple((pair[0], pair[1]) for pair in pairs)


def urls_by_name(text: str) -> tuple[tuple[str, str], ...]:
    """``name=URL`` pairs, separated by commas."""
    try:
        return tuple((name, url(given)) for name, given in by_name(text))
    except ValueError as error:
        raise ValueError("different names, each with =URL behind it, separated by commas") from error


def database_url(text: str) -> str:
    """A URL that begins with ``postgresql://``."""
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("a URL that begins with postgresql://")
    return text


def tokens(text: str) -> tuple[tuple[str, str], ...]:
    """``name=token`` pairs, separated by commas.

    Gives pairs of a token and its owner.
    """
    pairs = [entry.partition("=") for entry in names(text)]
    if not all(name.strip() and equals and token.strip() for name, equals, token in pairs):
        raise ValueError("name=token pairs, separated by commas")
    return tuple((token.strip(), name.strip()) for name, _, token in pairs)


def access(text: str) -> str:
    """``shared``, ``tenant`` or ``owner``."""
    if text.lower() not in {"shared", "tenant", "owner"}:
        raise ValueError("shared, tenant or owner")
    return text.lower()


def level(text: str) -> str:
    """``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``."""
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("DEBUG, INFO, WARNING or ERROR")
    return text.upper()


def log_format(text: str) -> str:
    """``text`` or ``json``."""
    if text.lower() not in {"text", "json"}:
        raise ValueError("text or json")
    return text.lower()


def busy_policy(text: str) -> BusyPolicy:
    """``reject`` or ``interrupt``."""
    try:
        return BusyPolicy(text.lower())
    except ValueError as error:
        raise ValueError(" or ".join(BusyPolicy)) from error


def count_or_zero(text: str) -> int:
    """A whole number, 0 or more."""
    return 0 if text == "0" else count(text)
