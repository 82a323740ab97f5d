"""What is said where an extra is missing."""

from agui_runtime.domain.errors import ConfigurationError


def missing_extra(what: str, extra: str) -> ConfigurationError:
    """The error for a module that needs an SDK which is not installed."""
    return ConfigurationError(f"{what} need the extra {extra}: pip install 'agui-runtime[{extra}]'.")
