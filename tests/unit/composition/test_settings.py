"""Settings from the environment: a bad one is named with what was expected and what came."""

import attrs
import pytest

from agui_runtime.adapters.http.cors import CorsPolicy
from agui_runtime.composition.settings import Settings, settings_table
from agui_runtime.domain.errors import ConfigurationError

NAMES = [attribute.name for attribute in attrs.fields(Settings)]


def read(**variables: str) -> Settings:
    return Settings.from_environment(variables)


def test_without_variables_everything_has_its_default() -> None:
    assert read() == Settings()
    assert read(PATH="/bin", HOME="", AGUI="x", agui_port="x") == Settings()


def test_the_test_runs_own_switches_are_left_alone() -> None:
    assert read(AGUI_TEST_REQUIRE_NODE="1", AGUI_TEST_BASE_URL="x") == Settings()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("host", "0.0.0.0", "0.0.0.0"),  # noqa: S104 - a value like any other here
        ("port", "0", 0),
        ("port", "65535", 65535),
        ("base_path", "/api/", "/api"),
        ("base_path", "/", ""),
        ("log_level", "debug", "DEBUG"),
        ("log_format", "JSON", "json"),
        ("log_messages", "yes", True),
        ("cors_origins", "https://a.example, http://b.example:3000,", ("https://a.example", "http://b.example:3000")),
        ("cors_origins", "*", ("*",)),
        ("cors_origins", "", ()),
        ("cors_allow_loopback", "No", False),
        ("cors_allow_loopback", "1", True),
        ("forward_headers", "Authorization, X-Tenant", ("Authorization", "X-Tenant")),
        ("remote_agents", "a=https://x/run, b = http://y:1/", (("a", "https://x/run"), ("b", "http://y:1"))),
        ("remote_endpoints", "", ()),
        ("remote_tokens", "a=t==", (("a", "t=="),)),
        ("remote_private_addresses", "no", False),
        ("max_body_bytes", "1", 1),
        ("body_seconds", "0.5", 0.5),
        ("max_run_events", "7", 7),
        ("lease_seconds", "1e2", 100.0),
        ("state_lifetime_seconds", "86400", 86400.0),
    ],
)
def test_a_variable_sets_its_value(name: str, text: str, value: object) -> None:
    assert getattr(read(**{"AGUI_" + name.upper(): text}), name) == value


@pytest.mark.parametrize(
    ("name", "expected", "texts"),
    [
        ("HOST", "an address to listen on", ["", "  "]),
        ("PORT", "a port number from 0 to 65535", ["", "-1", "65536", "80a", "8e3", "²", " 80"]),
        ("BASE_PATH", "a path that begins with /", ["", "api", "/a?b", "/a#b", "http://x/"]),
        ("LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR", ["", "loud", "10"]),
        ("LOG_FORMAT", "text or json", ["", "xml"]),
        ("CORS_ORIGINS", "origins such as", ["app.example.com", "https://a.example/", "https://a, b"]),
        ("CORS_ALLOW_LOOPBACK", "1, true, yes, on", ["", "maybe", "2"]),
        (
            "REMOTE_AGENTS",
            "different names, each with =URL",
            ["a", "a=", "=http://x", "a=ftp://x", "a=http://x,a=http://y"],
        ),
        ("STATE_LIFETIME_SECONDS", "a number of seconds", ["", "0", "-1", "for ever", "1e12"]),
        ("MAX_BODY_BYTES", "a whole number, 1 or more", ["", "0", "-1", "1.5", "1k", "٣"]),
        ("MAX_RUN_EVENTS", "a whole number, 1 or more", ["many"]),
        ("TOOL_SECONDS", "a number of seconds greater than 0", ["", "0", "-1", "nan", "inf", "soon"]),
        ("LEASE_SECONDS", "a number of seconds greater than 0", ["0.0"]),
    ],
)
def test_a_bad_value_is_named_with_what_was_expected(name: str, expected: str, texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(ConfigurationError) as caught:
            read(**{f"AGUI_{name}": text})
        assert caught.value.message.startswith(f"AGUI_{name}: expected {expected}")
        assert caught.value.message.endswith(f"but it is {text!r}.")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("AGUI_PROT", "Did you mean AGUI_PORT?"), ("AGUI_CORS_ORIGIN", "Did you mean AGUI_CORS_ORIGINS?")],
)
def test_an_unknown_variable_is_refused_with_a_suggestion(name: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(**{name: "1"})
    assert caught.value.message == f"{name} is not a setting of agui-runtime. {hint}"


def test_a_variable_like_none_is_refused_without_a_suggestion() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(AGUI_QQQQQQ="1")
    assert caught.value.message == "AGUI_QQQQQQ is not a setting of agui-runtime."


def test_the_limits_of_the_layers_are_the_settings() -> None:
    settings = read(
        AGUI_MAX_BODY_BYTES="1", AGUI_BODY_SECONDS="2", AGUI_MAX_RUN_EVENTS="3", AGUI_MAX_RUN_BYTES="4",
        AGUI_MAX_RUN_SECONDS="5", AGUI_TOOL_SECONDS="6", AGUI_STOP_SECONDS="7", AGUI_BUSY_SECONDS="8",
        AGUI_LEASE_SECONDS="9", AGUI_MAX_STATE_BYTES="10", AGUI_MAX_STATE_DEPTH="11", AGUI_MEMORY_MAX_THREADS="12",
        AGUI_MEMORY_MAX_BYTES="13", AGUI_MAX_STATES_PER_THREAD="14", AGUI_WRITE_SECONDS="15",
        AGUI_RUN_IDLE_SECONDS="16",
    )  # fmt: skip
    assert attrs.astuple(settings.http_limits) == (1, 2.0, 15.0)
    assert attrs.astuple(settings.run_limits) == (3, 4, 5.0, 16.0, 6.0, 7.0, 8.0, 9.0)
    assert attrs.astuple(settings.state_limits) == (10, 11, 14)
    assert attrs.astuple(settings.memory_limits)[:2] == (12, 13)


def test_origins_and_headers_are_ready_for_use() -> None:
    settings = read(AGUI_CORS_ORIGINS="https://a.example", AGUI_CORS_ALLOW_LOOPBACK="0", AGUI_FORWARD_HEADERS="X-A")
    assert settings.cors == CorsPolicy(frozenset({"https://a.example"}), allow_loopback=False)
    assert settings.forwarded_header_names == {"x-a"}


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_in_the_table(name: str) -> None:
    assert f"| `AGUI_{name.upper()}` |" in settings_table()


def test_every_default_is_what_its_own_text_would_give() -> None:
    for attribute in attrs.fields(Settings):
        if isinstance(attribute.default, int | float) and not isinstance(attribute.default, bool):
            assert attribute.metadata["read"](str(attribute.default)) == attribute.default


@pytest.mark.parametrize("text", ["secret", "a=", "=secret", "a=secret,a=other"])
def test_a_bad_list_of_tokens_is_not_shown(text: str) -> None:
    with pytest.raises(ConfigurationError, match="AGUI_REMOTE_TOKENS: expected different names") as caught:
        read(AGUI_REMOTE_TOKENS=text)
    assert "secret" not in str(caught.value)
