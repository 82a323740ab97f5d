"""What an ``HttpAgent`` may be configured with, and which headers it sends."""

from typing import Any

import pytest

from agui_runtime.adapters.remote import HttpAgent, RemoteTimeouts
from agui_runtime.adapters.remote.headers import request_headers
from agui_runtime.application.ports import Agent
from agui_runtime.application.values import AgentDescription
from agui_runtime.domain.errors import ConfigurationError, InvalidError

TRANSPORT = {"content-type": "application/json", "accept": "text/event-stream", "accept-encoding": "identity"}


def test_it_is_an_agent_and_describes_itself() -> None:
    agent = HttpAgent("weather", "http://x/", description="Knows the weather.")
    assert isinstance(agent, Agent)
    assert agent.describe() == AgentDescription("weather", "Knows the weather.")


def test_its_repr_shows_neither_url_nor_headers() -> None:
    assert repr(HttpAgent("a", "http://secret/", headers={"X-Key": "secret"})) == "HttpAgent('a')"


@pytest.mark.parametrize(
    "url", ["", "x", "/run", "ftp://x/", "http://", "http://x:99999/", "http://[x/", "http://x:0/"]
)
def test_a_url_must_be_absolute_http(url: str) -> None:
    with pytest.raises(ConfigurationError, match="The URL of the agent 'a' must be absolute"):
        HttpAgent("a", url)


def test_a_url_with_a_password_is_refused_without_quoting_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        HttpAgent("a", "http://me:secret@x/")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Accept", "bad name", "", "x\r\ny"])
@pytest.mark.parametrize("setting", ["headers", "forward_headers"])
def test_headers_that_speak_for_the_connection_or_are_none_are_refused(name: str, setting: str) -> None:
    value: Any = {name: "x"} if setting == "headers" else [name]
    with pytest.raises(ConfigurationError, match="The agent 'a' is configured with"):
        HttpAgent("a", "http://x/", **{setting: value})


def test_a_header_value_with_a_line_end_is_refused_without_quoting_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        HttpAgent("a", "http://x/", headers={"X-Key": "secret\r\nHost: y"})
    assert "secret" not in str(caught.value)
    assert "'X-Key'" in str(caught.value)


@pytest.mark.parametrize("name", ["connect", "first_byte", "idle", "linger"])
@pytest.mark.parametrize("seconds", [0, -1.0, float("nan")])
def test_a_timeout_must_be_positive(name: str, seconds: float) -> None:
    with pytest.raises(ConfigurationError, match=f"The timeout '{name}' must be more than 0 seconds"):
        RemoteTimeouts(**{name: seconds})


def test_only_listed_headers_of_the_caller_go_out() -> None:
    headers = request_headers({}, ["X-Tenant", "x-absent"], {"x-tenant": "t", "cookie": "c", "authorization": "a"}, "")
    assert headers == {"x-tenant": "t", **TRANSPORT}


def test_a_configured_header_wins_over_the_caller_s_in_any_case() -> None:
    headers = request_headers({"Authorization": "ours"}, ["authorization"], {"AUTHORIZATION": "theirs"}, "")
    assert headers == {"authorization": "ours", **TRANSPORT}


def test_the_correlation_id_goes_along() -> None:
    assert request_headers({}, [], {}, "abc")["x-request-id"] == "abc"


def test_a_caller_s_header_that_would_break_the_request_is_refused_without_quoting_it() -> None:
    with pytest.raises(InvalidError) as caught:
        request_headers({}, ["x-a"], {"x-a": "secret\nhost: y"}, "")
    assert "secret" not in str(caught.value)
