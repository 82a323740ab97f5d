"""The reverse proxies whose files are in deploy/, each as a real process before a runtime."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from tests.support.processes import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
CONNECTING_SECONDS = 10.0
PATH = "/api/copilotkit"

_NGINX = """
{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen 127.0.0.1:{port}; {part} }}
}}
"""
_CADDY = "{{\n\tadmin off\n\tauto_https off\n\tgrace_period 1s\n}}\n{part}"


@frozen
class ReverseProxy:
    """A kind of proxy.

    Attributes:
        program: where it is, ``None`` where this machine has none.
        part: the text of its file in deploy/.
        whole: the configuration around such a part, given a port to listen on and a folder.
        words: the command line for a configuration file.
    """

    name: str
    program: str | None
    part: str
    whole: Callable[[str, int, Path], str]
    words: Callable[[str, Path], Sequence[str]]

    @asynccontextmanager
    async def before(self, url: str, folder: Path, part: str | None = None) -> AsyncGenerator[str]:
        """The URL of a runtime through the proxy.

        Args:
            url: the runtime's own.
            folder: for its files.
            part: another part than that in deploy/, written in the same way.
        """
        assert self.program is not None
        port, conf = free_port(), folder / self.name
        there = (part or self.part).replace("127.0.0.1:8000", url.removesuffix(PATH).removeprefix("http://"))
        conf.write_text(self.whole(there, port, folder))
        own = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        words = self.words(self.program, conf)
        log = (folder / "proxy.log").open("wb")
        with log, subprocess.Popen(words, env=os.environ | own, stderr=log) as server:  # noqa: ASYNC220 - it only starts
            try:
                async with asyncio.timeout(CONNECTING_SECONDS):
                    while not await _listens(port):  # noqa: ASYNC110 - another process's doing
                        await asyncio.sleep(0.05)
                yield f"http://127.0.0.1:{port}{PATH}"
            finally:
                server.terminate()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _nginx_whole(part: str, port: int, folder: Path) -> str:
    # Its workers would otherwise be nobody, who may not write into a test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    return _NGINX.format(user=user, folder=folder, port=port, part=part)


def _caddy_whole(part: str, port: int, _: Path) -> str:
    # By address and without TLS; all else is as it is deployed.
    return _CADDY.format(part=part.replace("app.example.com", f"http://127.0.0.1:{port}"))


NGINX = ReverseProxy(
    "nginx",
    shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin"),
    (DEPLOY / "nginx.conf").read_text(),
    _nginx_whole,
    lambda program, conf: (program, "-c", str(conf), "-p", str(conf.parent)),
)
CADDY = ReverseProxy(
    "caddy",
    shutil.which("caddy"),
    (DEPLOY / "Caddyfile").read_text(),
    _caddy_whole,
    lambda program, conf: (program, "run", "--config", str(conf), "--adapter", "caddyfile"),
)
