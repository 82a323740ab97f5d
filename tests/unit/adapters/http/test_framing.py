"""Framing byte for byte as clients know it: contract graphql §5."""

import json

import pytest

from agui_runtime.adapters.http import multipart, sse


def test_a_part_ends_in_the_delimiter_that_hands_it_over() -> None:
    assert multipart.part(b'{"a":1}') == (
        b'\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 7\r\n\r\n{"a":1}\r\n---'
    )


def test_the_length_is_in_bytes() -> None:
    document = json.dumps("ü€😀", ensure_ascii=False).encode()
    assert b"Content-Length: %d\r\n" % len(document) in multipart.part(document)


def test_a_whole_body_begins_and_ends_as_clients_expect() -> None:
    body = multipart.OPENING + multipart.part(b"{}") + multipart.CLOSING
    assert body.startswith(b"\r\n---\r\nContent-Type")
    assert body.endswith(b"\r\n-----\r\n")
    assert multipart.CONTENT_TYPE == 'multipart/mixed; boundary="-"'


@pytest.mark.parametrize("document", [b'"\\r\\n---"', b'"%d %s %%"', b'"\xc3\xbc"'])
def test_content_does_not_disturb_the_frame(document: bytes) -> None:
    part = multipart.part(document)
    head, _, rest = part.partition(b"\r\n\r\n")
    length = int(head.rsplit(b" ", 1)[1])
    assert (rest[:length], rest[length:]) == (document, b"\r\n---")


def test_an_event_is_named_and_ends_in_an_empty_line() -> None:
    assert sse.OPENING == b":\n\n"
    assert sse.next_event(b'{"a":1}') == b'event: next\ndata: {"a":1}\n\n'
    assert sse.COMPLETE == b"event: complete\ndata:\n\n"
