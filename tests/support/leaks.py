"""What no answer may tell of the server's inside."""

import re

from tests.support.graphql_client import Answer

_INSIDE = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|agui_runtime|graphql\.|cattrs|orjson|aiohttp|asyncio\.|<class|<function"
    r"|NoneType| object at 0x|/(?:usr|root|home|srv|tmp|opt)/|password"
    r"|\b(?!CopilotError\b|SyntaxError\b)(?:[A-Z][a-z]+)+(?:Error|Exception)\b"
)
"""Traces, paths, modules and class names; CopilotError and SyntaxError are words of the wire (contract graphql §8)."""


def assert_leaks_nothing(answer: Answer) -> None:
    """No word of the server's inside is in an answer.

    Raises:
        AssertionError: with the word and its surroundings.
    """
    text = answer.body.decode("utf-8", "replace")
    found = _INSIDE.search(text)
    assert found is None, f"{found[0]!r} in …{text[max(0, found.start() - 200) : found.end() + 100]}…"
