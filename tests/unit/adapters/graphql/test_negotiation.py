"""Which form an answer takes: the table of contract graphql §5."""

import pytest

from agui_runtime.adapters.graphql.negotiation import Form, negotiate

CLIENTS = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)
GR, JSON, PARTS, EVENTS = Form.GRAPHQL_RESPONSE, Form.JSON, Form.MULTIPART, Form.EVENT_STREAM


@pytest.mark.parametrize(
    ("accept", "single", "incremental"),
    [
        (CLIENTS, GR, PARTS),
        (None, JSON, PARTS),
        ("*/*", JSON, PARTS),
        ("application/json", JSON, None),
        ("application/graphql-response+json", GR, None),
        ("application/json, application/graphql-response+json", JSON, None),
        ("application/graphql-response+json, application/json", GR, None),
        ("multipart/mixed", PARTS, PARTS),
        ("multipart/mixed; deferSpec=20220824", PARTS, PARTS),
        ("multipart/mixed;deferSpec=20220824, application/json", JSON, PARTS),
        ("text/event-stream", EVENTS, EVENTS),
        ("text/event-stream, multipart/mixed", PARTS, PARTS),
        ("application/*", JSON, None),
        ("multipart/*", PARTS, PARTS),
        ("text/*", EVENTS, EVENTS),
        ("APPLICATION/JSON", JSON, None),
        ("  application/json ;q=0.9 , text/event-stream;q=0.1", JSON, EVENTS),
        ("application/xml", None, None),
        ("text/html", None, None),
        ("nonsense", None, None),
        (";;,,", None, None),
    ],
)
def test_a_form_is_chosen(accept: str | None, single: Form | None, incremental: Form | None) -> None:
    accepted = negotiate(accept)
    assert (accepted.single, accepted.incremental) == (single, incremental)
