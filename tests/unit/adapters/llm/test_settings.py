import pytest

from agui_runtime.adapters.llm import ModelSettings, ModelTimeouts
from agui_runtime.domain.errors import ConfigurationError


@pytest.mark.parametrize("name", ["connect", "first_byte", "idle"])
def test_a_timeout_is_more_than_nothing(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"The timeout '{name}' of a model must be more than 0 seconds"):
        ModelTimeouts(**{name: 0})


def test_retries_are_not_negative() -> None:
    with pytest.raises(ConfigurationError, match="max_retries of a model must be 0 or more, not -1"):
        ModelSettings(max_retries=-1)
