"""Without an extra's library, the module that needs it says which extra to install; nothing else needs it."""

import subprocess
import sys

import pytest

WITHOUT = """
import sys
sys.modules[{library!r}] = None
try:
    import agui_runtime.adapters.{module}
except Exception as error:
    print(type(error).__name__, error)
"""


def told(script: str) -> str:
    command = [sys.executable, "-W", "ignore", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.strip()


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [
        ("llm.openai", "openai", "openai"),
        ("llm.anthropic", "anthropic", "anthropic"),
        ("llm.google", "google.genai", "google"),
        ("langgraph", "ag_ui_langgraph", "langgraph"),
        ("pydantic_ai", "pydantic_ai", "pydantic-ai"),
    ],
)
def test_a_missing_library_is_told_with_the_extra_to_install(module: str, library: str, extra: str) -> None:
    said = told(WITHOUT.format(module=module, library=library))
    assert said.startswith("ConfigurationError ")
    assert said.endswith(f"need the extra {extra}: pip install 'agui-runtime[{extra}]'.")


def test_importing_the_runtime_imports_no_extra() -> None:
    libraries = {"openai", "anthropic", "google.genai", "langgraph", "ag_ui_langgraph", "ag_ui", "pydantic_ai"}
    assert told(f"import agui_runtime, sys; print(sorted({libraries!r} & set(sys.modules)))") == "[]"
