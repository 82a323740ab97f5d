# ruff: noqa: INP001, S310, S603, T201 - a script for CI: it starts the command and asks the address it was given, and reports
"""Runs the demo of an installed wheel as a user would, asks it one real question, and stops it.

``check_wheel.py AGUI_RUNTIME OPERATION``: the installed command, and the text of a client's generateCopilotResponse.
Only the standard library is used, so that the environment under test needs nothing that the wheel does not bring.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ACCEPT = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)
START_SECONDS = 30
STOP_SECONDS = 15


def main(command: str, operation: str) -> None:
    """Start, ask, check, stop."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api/copilotkit"
    server = subprocess.Popen([command, "demo"], env={**os.environ, "AGUI_PORT": str(port)})
    try:
        wait_until_it_answers(server, url)
        check_answer(ask(url, Path(operation).read_text(encoding="utf-8")))
        server.send_signal(signal.SIGTERM)
        code = server.wait(STOP_SECONDS)
    except BaseException:
        server.kill()
        server.wait()
        raise
    if code != 0:
        raise SystemExit(f"The demo ended with exit code {code} after SIGTERM, not 0.")
    print("the demo stopped on SIGTERM with exit code 0")


def wait_until_it_answers(server: "subprocess.Popen[bytes]", url: str) -> None:
    """Ask ``{ hello }`` until it is answered."""
    begin = time.monotonic()
    while True:
        if server.poll() is not None:
            raise SystemExit(f"The demo ended with exit code {server.returncode} before it answered.")
        try:
            answer = json.loads(post(url, {"query": "{ hello }"}))
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError) as error:
            if isinstance(error, urllib.error.HTTPError) or time.monotonic() - begin > START_SECONDS:
                raise
            time.sleep(0.1)
        else:
            print(f"the demo answered {answer} after {time.monotonic() - begin:.1f} s")
            return


def ask(url: str, operation: str) -> list[dict[str, Any]]:
    """The parts of one answer of the demo agent (contract graphql §5)."""
    message = {"id": "user-1", "createdAt": "2026-01-02T03:04:05.678Z"}
    data = {
        "threadId": "check-wheel",
        "metadata": {"requestType": "Chat"},
        "frontend": {"actions": []},
        "agentSession": {"agentName": "demo"},
        "messages": [{**message, "textMessage": {"content": "What is this?", "role": "user"}}],
    }
    body = post(url, {"operationName": "generateCopilotResponse", "query": operation, "variables": {"data": data}})
    pieces = [piece.partition(b"\r\n\r\n") for piece in body.split(b"\r\n---")]
    return [json.loads(payload) for _, found, payload in pieces if found]


def post(url: str, body: dict[str, Any]) -> bytes:
    """POST as the 1.10.6 client does; the whole body of the answer."""
    headers = {"content-type": "application/json", "accept": ACCEPT}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        answer: bytes = response.read()
        return answer


def check_answer(parts: list[dict[str, Any]]) -> None:
    """It must have streamed text, succeeded, and ended."""
    entries = [entry for part in parts for entry in part.get("incremental", [])]
    chunks = [text for entry in entries if "content" in entry["path"] for text in entry.get("items", [])]
    statuses = [entry["data"]["status"] for entry in entries if entry["path"] == ["generateCopilotResponse"]]
    problems = [f"errors: {part['errors']}" for part in [*parts, *entries] if part.get("errors")]
    if len(chunks) < 2:
        problems.append(f"streamed text: {chunks}")
    if [status["code"] for status in statuses] != ["Success"]:
        problems.append(f"response statuses: {statuses}")
    if not parts or parts[-1].get("hasNext") is not False:
        problems.append(f"the last part: {parts[-1:]}")
    if problems:
        raise SystemExit("The demo's answer is wrong.\n" + "\n".join(problems))
    print(f"{len(parts)} parts with {len(chunks)} chunks: {''.join(chunks)[:60]!r} …, hasNext false")


if __name__ == "__main__":
    main(*sys.argv[1:])
