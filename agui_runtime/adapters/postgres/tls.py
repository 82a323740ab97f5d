"""The files that a database URL names for TLS."""

import os
from urllib.parse import parse_qsl, urlsplit

from agui_runtime.domain.errors import ConfigurationError

FILES = frozenset({"sslrootcert", "sslcert", "sslkey", "sslcrl"})


def check_tls_files(url: str) -> None:
    """Refuse a URL with a file that cannot be read: the driver reports that as if nobody answered.

    Raises:
        ConfigurationError: naming the parameter and the file.
    """
    try:
        parameters = parse_qsl(urlsplit(url).query)
    except ValueError:
        # No URL at all; the driver has better words for that.
        return
    for name, path in parameters:
        if name in FILES and not os.access(path, os.R_OK):
            raise ConfigurationError(f"The database URL names the {name} {path!r}, which cannot be read.")
