"""The page that a browser gets at the GraphQL endpoint, and its files (contract graphql §8, ADR 0010)."""

import hashlib
import http.client
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from agui_runtime.adapters.graphql.graphiql import SCRIPTS, STYLES
from agui_runtime.composition.settings import Settings
from agui_runtime.domain.errors import ConfigurationError
from tests.integration.host import Host
from tests.support.aio import run
from tests.support.graphql_client import CLIENT_ACCEPT, Answer, ask, exchange
from tests.support.serving import runtime, serving

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "agui_runtime/adapters/graphql/graphiql"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
HELLO = "?query=%7B%20hello%20%7D"
MEGABYTE = 1024 * 1024


def get(url: str, accept: str | None = BROWSER, method: str = "GET") -> Answer:
    return ask(url, method=method, headers={} if accept is None else {"accept": accept})


def get_from(environment: dict[str, str], path: str = "", accept: str = BROWSER) -> Answer:
    """The answer of a runtime with settings of its own; ``path`` is relative to the URL of its base path."""

    async def scenario() -> Answer:
        async with serving(runtime(environment=environment)) as url:
            return await exchange(urljoin(url, path) if path else url, method="GET", headers={"accept": accept})

    return run(scenario())


def get_as_written(host: Host, target: str) -> int:
    """The status for a target that no URL library has tidied up."""
    connection = http.client.HTTPConnection(urlsplit(host.url).netloc, timeout=10)
    try:
        connection.request("GET", target)
        return connection.getresponse().status
    finally:
        connection.close()


def linked(page: Answer) -> list[str]:
    """What the page loads, as it is written in the page."""
    found = re.findall(r'rel="stylesheet" href="([^"]+)"|<script defer src="([^"]+)"', page.text)
    return [style or script for style, script in found]


def loaded(url: str) -> dict[str, Answer]:
    """The files of the page at a URL, by the names they have in the package, fetched as a browser would."""
    answers = [get(urljoin(url, address), "*/*") for address in linked(get(url))]
    return dict(zip((*STYLES, *SCRIPTS), answers, strict=True))


@pytest.mark.parametrize("accept", [BROWSER, "text/html", "TEXT/HTML; charset=utf-8", "application/json, text/html"])
@pytest.mark.parametrize("path", ["", "/", HELLO, f"/{HELLO}"])
def test_whoever_wants_html_gets_the_page(host: Host, path: str, accept: str) -> None:
    page = get(host.url + path, accept)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.text.startswith("<!doctype html>")
    assert "<title>GraphiQL</title>" in page.text


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        CLIENT_ACCEPT,
        "application/json",
        "text/html;q=0, application/json",
        "text/html;q=0.5, application/json",
        "text/html;q=0.9, text/event-stream;q=0.95, */*",
        "application/json, text/htmlx",
    ],
)
def test_whoever_prefers_data_gets_data(host: Host, accept: str | None) -> None:
    answer = get(host.url + HELLO, accept)
    assert answer.content_type != "text/html"
    assert answer.result() == {"data": {"hello": "Hello World"}}


@pytest.mark.parametrize("quality", ["q=2", "q=-1", "q=nan", "q=", "q", "level=1"])
def test_a_quality_that_is_none_counts_as_not_given(host: Host, quality: str) -> None:
    assert get(host.url, f"application/json;q=0.9, text/html;{quality}").content_type == "text/html"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
def test_other_methods_are_refused_as_without_the_page(host: Host, method: str) -> None:
    answer = ask(host.url, method=method, headers={"accept": "text/html, */*;q=0.1"})
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


def test_a_post_never_gets_the_page(host: Host) -> None:
    headers = {"accept": BROWSER, "content-type": "application/json"}
    assert ask(host.url, {"query": "{ hello }"}, headers=headers).json() == {"data": {"hello": "Hello World"}}


def test_the_page_may_load_from_its_own_host_only(host: Host) -> None:
    policy = get(host.url).headers["content-security-policy"]
    directives = dict(directive.split(" ", 1) for directive in policy.split("; "))
    assert directives["default-src"] == "'self'"
    assert "script-src" not in directives
    assert directives["frame-ancestors"] == directives["object-src"] == directives["base-uri"] == "'none'"
    assert {source for sources in directives.values() for source in sources.split()} == {
        "'self'",
        "'none'",
        "'unsafe-inline'",
        "data:",
    }


def test_the_page_has_no_script_of_its_own_and_no_address(host: Host) -> None:
    page = get(host.url).text
    assert not re.findall(r"<script(?![^>]* src=)|\son\w+=", page)
    assert "//" not in page


def test_the_page_is_not_kept_by_caches_that_know_only_its_url(host: Host) -> None:
    assert get(host.url).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["", "/", HELLO])
def test_the_files_are_those_of_the_package(host: Host, path: str) -> None:
    files = loaded(host.url + path)
    assert {name: answer.status for name, answer in files.items()} == dict.fromkeys(files, 200)
    assert {name: answer.body for name, answer in files.items()} == {
        name: (ASSETS / name).read_bytes() for name in files
    }


def test_the_files_have_their_content_types(host: Host) -> None:
    expected = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
    for name, answer in loaded(host.url).items():
        assert answer.headers["content-type"] == expected[Path(name).suffix]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_files_may_be_kept_since_their_names_change_with_their_content(host: Host) -> None:
    for address in linked(get(host.url)):
        answer = get(urljoin(host.url, address))
        assert answer.headers["cache-control"] == "public, max-age=86400, immutable"
        assert hashlib.sha256(answer.body).hexdigest()[:12] in address


def test_a_file_is_named_relative_to_the_page() -> None:
    # A proxy may add a prefix that the server never sees.
    page = get_from({"AGUI_BASE_PATH": "/api/copilotkit"})
    assert all(address.startswith("./copilotkit/graphiql/") for address in linked(page))
    page = get_from({"AGUI_BASE_PATH": "/api/copilotkit"}, "/api/copilotkit/")
    assert all(address.startswith("./graphiql/") for address in linked(page))


@pytest.mark.parametrize("base", ["/", "/graphql", "/api/a~b", "/a/b/c.d"])
def test_the_page_finds_its_files_below_any_base_path(base: str) -> None:
    async def scenario() -> list[int]:
        async with serving(runtime(environment={"AGUI_BASE_PATH": base})) as url:
            page_url = urljoin(url, base)
            page = await exchange(page_url, method="GET", headers={"accept": BROWSER})
            urls = [urljoin(page_url, address) for address in linked(page)]
            return [(await exchange(address, method="GET", headers={})).status for address in urls]

    assert run(scenario()) == [200] * 5


def test_a_base_path_cannot_write_into_the_page() -> None:
    with pytest.raises(ConfigurationError, match="AGUI_BASE_PATH"):
        runtime(environment={"AGUI_BASE_PATH": '/"><script>'}).router()


def test_a_file_can_be_asked_about_with_head(host: Host) -> None:
    answer = get(urljoin(host.url, linked(get(host.url))[0]), method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_file_is_for_reading(host: Host, method: str) -> None:
    answer = get(urljoin(host.url, linked(get(host.url))[0]), method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nothing.js",
        "LICENSES.txt",
        "start.js",
        "../schema.graphql",
        "..%2Fschema.graphql",
        "%2e%2e/schema.graphql",
        "..%5cschema.graphql",
        "../../../../../../../../etc/passwd",
        "/etc/passwd",
        "start.js%00",
    ],
)
def test_there_is_no_other_file(host: Host, name: str) -> None:
    assert get_as_written(host, f"{urlsplit(host.url).path}/graphiql/{name}") == 404


def test_turned_off_a_browser_gets_what_it_got_without_the_page() -> None:
    off = {"AGUI_GRAPHIQL": "false"}
    answer = get_from(off, f"/api/copilotkit{HELLO}")
    assert (answer.content_type, answer.json()) == ("application/json", {"data": {"hello": "Hello World"}})
    assert get_from(off, f"/api/copilotkit{HELLO}", accept="text/html").status == 406


def test_turned_off_there_are_no_files(host: Host) -> None:
    addresses = [urlsplit(urljoin(host.url, address)).path for address in linked(get(host.url))]
    assert {get_from({"AGUI_GRAPHIQL": "0"}, address).status for address in addresses} == {404}


def test_a_switch_that_is_neither_on_nor_off_stops_the_start() -> None:
    with pytest.raises(ConfigurationError, match=r"AGUI_GRAPHIQL: expected .* 'maybe'"):
        Settings.from_environment({"AGUI_GRAPHIQL": "maybe"})


def test_the_files_of_others_are_what_their_licences_file_says() -> None:
    text = (ASSETS / "LICENSES.txt").read_text(encoding="utf-8")
    written = {name: digest for digest, name in re.findall(r"^([0-9a-f]{64})  (\S+)$", text, re.MULTILINE)}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in ASSETS.glob("*.min.*")}
    assert written == found
    assert set(found) == {*STYLES, *SCRIPTS} - {"start.js"}


def test_no_file_asks_for_a_source_map_or_evaluates_text() -> None:
    # A source map would be one more request; evaluated text would need a weaker policy.
    for name in (*STYLES, *SCRIPTS):
        text = (ASSETS / name).read_text(encoding="utf-8")
        assert "sourceMappingURL" not in text
        assert not re.search(r"\bnew Function\(|(?<![\w.])eval\(", text)


def test_the_wheel_carries_the_page_and_stays_small(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    folder = "agui_runtime/adapters/graphql/graphiql/"
    with zipfile.ZipFile(wheel) as archive:
        names = {name.removeprefix(folder) for name in archive.namelist() if name.startswith(folder)}
    assert names == {*STYLES, *SCRIPTS, "LICENSES.txt"}
    assert wheel.stat().st_size < 1.5 * MEGABYTE
