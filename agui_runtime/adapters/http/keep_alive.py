"""Bytes into silence, so that no proxy takes a quiet stream for a dead one (contract agui §1)."""

from attrs import frozen


@frozen
class KeepAlive:
    """What a streamed body sends when it has been silent.

    Attributes:
        filler: bytes that its clients ignore wherever one piece of the body has ended.
        seconds: how long nothing may be sent.
    """

    filler: bytes
    seconds: float
