import subprocess
import sys

import pytest

from agui_runtime.adapters.llm import ModelSettings, ModelTimeouts
from agui_runtime.domain.errors import ConfigurationError

WITHOUT = """
import sys
sys.modules[{sdk!r}] = None
try:
    import agui_runtime.adapters.llm.{module}
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("name", ["connect", "first_byte", "idle"])
def test_a_timeout_is_more_than_nothing(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"The timeout '{name}' of a model must be more than 0 seconds"):
        ModelTimeouts(**{name: 0})


def test_retries_are_not_negative() -> None:
    with pytest.raises(ConfigurationError, match="max_retries of a model must be 0 or more, not -1"):
        ModelSettings(max_retries=-1)


@pytest.mark.parametrize(
    ("module", "sdk", "extra"),
    [("openai", "openai", "openai"), ("anthropic", "anthropic", "anthropic"), ("google", "google.genai", "google")],
)
def test_a_missing_sdk_is_told_with_the_extra_to_install(module: str, sdk: str, extra: str) -> None:
    script = WITHOUT.format(module=module, sdk=sdk)
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.startswith("ConfigurationError ")
    assert f"pip install 'agui-runtime[{extra}]'" in told.stdout


def test_importing_the_runtime_imports_no_sdk() -> None:
    script = "import agui_runtime, sys; print(sorted({'openai', 'anthropic', 'google.genai'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.strip() == "[]"
