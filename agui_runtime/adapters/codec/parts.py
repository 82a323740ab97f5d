"""The content of messages: text, or parts of text and media (contract agui §4)."""

from typing import Any

from attrs import frozen
from cattrs import Converter

from agui_runtime.adapters.codec.converter import MismatchError, add_class, expected, json_object
from agui_runtime.domain.json_value import JsonObject, JsonValue, dumps
from agui_runtime.domain.messages import Content, MediaPart, TextPart, text_of

MEDIA_KINDS = ("image", "audio", "video", "document")
LEGACY_KIND = "binary"
UNKNOWN_MIME_TYPE = "application/octet-stream"
"""What RFC 2046 calls data of an unknown type; the wire requires one for inline data."""


def encode_content(content: Content) -> JsonValue:
    """Text as it is, parts as AG-UI's current schemas name them: a legacy ``binary`` part becomes what it holds."""
    if isinstance(content, str):
        return content
    return [_encode_part(part) for part in content]


def encode_text_content(content: Content) -> str:
    """Only the text: AG-UI's assistant, system and developer messages can hold nothing else (one-model §1)."""
    return text_of(content)


def encode_stored_content(content: Content) -> JsonValue:
    """Everything, so that reading it back loses nothing."""
    if isinstance(content, str):
        return content
    return [_encode_stored_part(part) for part in content]


def _encode_part(part: TextPart | MediaPart) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if part.kind == LEGACY_KIND and part.data is None and part.url is None:
        # The newer forms cannot name a file by its id.
        return encode_legacy_part(part)
    kind = _kind_of(part.mime_type) if part.kind == LEGACY_KIND else part.kind
    source: dict[str, Any]
    if part.data is not None:
        mime_type = UNKNOWN_MIME_TYPE if part.mime_type is None else part.mime_type
        source = {"type": "data", "value": part.data, "mimeType": mime_type}
    else:
        source = {"type": "url", "value": part.url or ""}
        if part.mime_type is not None:
            source["mimeType"] = part.mime_type
    out: dict[str, Any] = {"type": kind, "source": source}
    if part.metadata is not None:
        out["metadata"] = part.metadata
    return out


def _encode_stored_part(part: TextPart | MediaPart) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    fields = {"mimeType": part.mime_type, "data": part.data, "url": part.url, "metadata": part.metadata}
    return {"type": part.kind, **{key: value for key, value in fields.items() if value is not None}}


def encode_legacy_part(part: MediaPart) -> dict[str, Any]:
    """A ``binary`` part as clients below 0.0.47 write it."""
    named = part.metadata or {}
    fields = {"data": part.data, "url": part.url, "id": named.get("id"), "filename": named.get("filename")}
    told = {name: value for name, value in fields.items() if value is not None}
    return {"type": LEGACY_KIND, "mimeType": part.mime_type or UNKNOWN_MIME_TYPE, **told}


def _kind_of(mime_type: str | None) -> str:
    # The same rule as AG-UI's own upgrade of binary parts.
    family = (mime_type or "").partition("/")[0]
    return family if family in MEDIA_KINDS else "document"


@frozen
class _Source:
    type: str
    value: str
    mime_type: str | None = None


@frozen
class _MediaShape:
    """A media part as clients write it: with a source, or flat like a legacy ``binary`` one."""

    source: _Source | None = None
    mime_type: str | None = None
    data: str | None = None
    url: str | None = None
    id: str | None = None
    filename: str | None = None
    metadata: JsonObject | None = None


def add_parts(converter: Converter, *, stored: bool) -> None:
    """Teach ``converter`` to read contents."""
    add_class(converter, TextPart, stored=stored)
    add_class(converter, _Source, stored=stored)
    add_class(converter, _MediaShape, stored=stored)

    def part(value: Any, _: Any) -> TextPart | MediaPart:
        kind = json_object(value).get("type")
        if kind == "text":
            return converter.structure(value, TextPart)
        if kind in MEDIA_KINDS or kind == LEGACY_KIND:
            return _media(str(kind), converter.structure(value, _MediaShape))
        raise MismatchError(f"expected a part of type text, {', '.join(MEDIA_KINDS)} or {LEGACY_KIND}")

    converter.register_structure_hook_func(lambda cls: cls == TextPart | MediaPart, part)
    converter.register_structure_hook_func(lambda cls: cls == Content, lambda value, _: read_content(converter, value))
    converter.register_structure_hook_func(
        lambda cls: cls == Content | None,
        lambda value, _: None if value is None else read_content(converter, value),
    )


def read_content(converter: Converter, value: Any) -> Content:
    """Text or parts.

    Raises:
        MismatchError: it is something else.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise expected("a string or an array of parts", value)
    return converter.structure(value, tuple[TextPart | MediaPart, ...])


def text_of_result(converter: Converter, value: Any) -> str:
    """A tool result as text. AG-UI 1.0 allows parts: that is their text, or their JSON where there is more to keep."""
    content: Content = read_content(converter, value)
    if isinstance(content, str):
        return content
    if all(isinstance(part, TextPart) for part in content):
        return text_of(content)
    return dumps(encode_content(content))


def _media(kind: str, shape: _MediaShape) -> MediaPart:
    metadata = shape.metadata
    named = {name: value for name, value in (("id", shape.id), ("filename", shape.filename)) if value is not None}
    if named:
        metadata = {**(metadata or {}), **named}
    if shape.source is None:
        if shape.data is None and shape.url is None and shape.id is None:
            raise MismatchError("expected a source, data, a url or an id")
        return MediaPart(kind, shape.mime_type, shape.data, shape.url, metadata)
    source = shape.source
    if source.type not in {"data", "url"}:
        raise MismatchError("expected a source of type data or url")
    data, url = (source.value, None) if source.type == "data" else (None, source.value)
    return MediaPart(kind, shape.mime_type if source.mime_type is None else source.mime_type, data, url, metadata)
