"""``multipart/mixed`` framing of incremental results, byte for byte as clients know it (contract graphql §5)."""

CONTENT_TYPE = 'multipart/mixed; boundary="-"'
OPENING = b"\r\n---"
CLOSING = b"--\r\n"
KEEP_ALIVE = b" "
"""Padding, which RFC 2046 allows behind a delimiter and before the first one: clients look for the next line."""


def part(document: bytes) -> bytes:
    """One JSON document as a part.

    Its closing delimiter goes with it: a client hands a part over only once it has seen that.
    """
    return b"\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n%b\r\n---" % (
        len(document),
        document,
    )
