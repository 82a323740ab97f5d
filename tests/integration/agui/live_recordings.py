"""Recordings whose exchanges overlap: what is read, dropped and waited for, and when."""

from collections.abc import Mapping, Sequence

from attrs import frozen


@frozen
class Step:
    """``send`` an exchange and read its answer; ``open`` one and read its first words; ``join`` or ``drop`` that."""

    kind: str
    index: int


def _plan(text: str) -> Sequence[Step]:
    return [Step(kind, int(index)) for kind, index in (step.split(":") for step in text.split())]


PLANS: Mapping[str, Sequence[Step]] = {
    "thread-busy": _plan("open:0 send:1 join:0 send:2"),
    "connect-while-running": _plan("send:0 open:1 send:2 join:1"),
    "client-http-slow-40-50-stop-400": _plan("open:0 drop:0"),
    "client-disconnect": _plan("open:0 drop:0 send:1"),
    "stop-while-running": _plan("open:0 send:1 send:2 send:3 join:0 send:4 send:5 send:6 send:7 send:8"),
    "client-core-slow-40-50-stop-400": _plan("send:0 open:1 send:2 join:1 send:3 send:4"),
    "react-v1-stop": _plan("send:0 open:1 send:2 join:1"),
    "react-v2-stop": _plan("send:0 open:1 send:2 join:1"),
}
