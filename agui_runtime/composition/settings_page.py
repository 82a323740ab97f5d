"""The documentation's page of settings; ``python -m agui_runtime.composition.settings_page`` prints it."""

import inspect
import sys
from typing import Any

import attrs

from agui_runtime.composition.settings import PREFIX, Settings, shown_default

_HEAD = """\
# Settings

All from the environment, read once at the start. A bad value, and a variable that begins with `AGUI_` and is none of
these, stops the start with exit code 2 and is named. In code the same settings are arguments of
`agui_runtime.Settings`, in lower case and without the prefix.

This page is written by `make docs`, from the class that reads the variables.

| variable | type | default | meaning |
|---|---|---|---|
"""


def settings_page() -> str:
    """All settings with their types, as a page of Markdown."""
    return _HEAD + "".join(_row(attribute) for attribute in attrs.fields(Settings))


def _row(attribute: "attrs.Attribute[Any]") -> str:
    default = shown_default(attribute.default)
    secret = " (secret: never shown or logged)" if attribute.metadata["secret"] else ""
    cells = (
        f"`{PREFIX}{attribute.name.upper()}`",
        _type(attribute.metadata["read"]),
        f"`{default}`" if default else "none",
        attribute.metadata["meaning"] + secret,
    )
    return f"| {' | '.join(cells)} |\n"


def _type(read: Any) -> str:
    if read is str:
        return "Text"
    return (inspect.getdoc(read) or "").partition("\n")[0].rstrip(".").replace("``", "`")


if __name__ == "__main__":
    sys.stdout.write(settings_page())
