"""The compiled plan and graphql-core's own incremental execution: whatever is asked and said, clients see the same.

``AGUI_TEST_EXAMPLES`` sets how many documents and histories are compared.
"""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from tests.support.incremental import entries_of, merge
from tests.unit.adapters.graphql.both_paths import CLIENTS, FellBackError, by_graphql_core, by_plan
from tests.unit.adapters.graphql.random_documents import RandomDocument, documents
from tests.unit.adapters.graphql.random_histories import RandomHistory, histories

EXAMPLES = int(os.environ.get("AGUI_TEST_EXAMPLES", "200"))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Faults that are meant fill the log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def seen(payloads: Sequence[dict[str, Any]]) -> Any:
    """What a client has in the end; errors have no order."""
    merged = merge(payloads)
    return {**merged, "errors": sorted(json.dumps(error, sort_keys=True) for error in merged.get("errors", ()))}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(question=documents(), history=histories())
def test_any_document_gives_clients_the_same(question: RandomDocument, history: RandomHistory) -> None:
    try:
        fast = by_plan(question, history)
    except FellBackError:
        reject()
    assert seen(fast) == seen(by_graphql_core(question, history))


@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(question=st.sampled_from(CLIENTS), history=histories())
def test_a_clients_document_gives_it_the_same(question: RandomDocument, history: RandomHistory) -> None:
    fast = by_plan(question, history)
    # Two equal refusals would prove nothing.
    assert fast[0]["data"]["generateCopilotResponse"]
    assert seen(fast) == seen(by_graphql_core(question, history))


ASKING = "mutation M($data: GenerateCopilotResponseInput!) {{ generateCopilotResponse(data: $data) {{ {} }} }}"
TEXT = "... on TextMessageOutput {{ content @stream {} }}"
TWO_READERS = tuple(
    RandomDocument(ASKING.format(selections), {})
    for selections in (
        f"messages @stream {{ {TEXT.format('again: content @stream(initialCount: 1)')} }}",
        f"messages @stream {{ {TEXT.format('')} ... on TextMessageOutput @defer {{ again: content }} }}",
        f"messages @stream {{ {TEXT.format('')} }} again: messages @stream {{ {TEXT.format('')} }}",
        f"messages @stream {{ {TEXT.format('')} }} ... @defer {{ again: messages {{ {TEXT.format('')} }} }}",
    )
)


@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(question=st.sampled_from(TWO_READERS), history=histories())
def test_two_readers_of_one_text_get_all_of_it(question: RandomDocument, history: RandomHistory) -> None:
    assert seen(by_plan(question, history)) == seen(by_graphql_core(question, history))


@settings(max_examples=100, deadline=None)
@given(history=histories())
def test_whatever_is_said_statuses_come_last(history: RandomHistory) -> None:
    payloads = by_plan(CLIENTS[-1], history)
    said = [(tuple(entry["path"]), "data" in entry) for entry in entries_of(payloads)]
    for position, (path, is_status) in enumerate(said):
        if is_status:
            assert not [later for later, _ in said[position + 1 :] if later[: len(path)] == path]
    assert said[-1] == (("generateCopilotResponse",), True)


@settings(max_examples=100, deadline=None)
@given(history=histories())
def test_whatever_is_said_every_entry_has_one_item(history: RandomHistory) -> None:
    for entry in entries_of(by_plan(CLIENTS[-1], history)):
        assert ("data" in entry) != ("items" in entry)
        assert entry.get("items") is None or len(entry["items"]) == 1


@settings(max_examples=50, deadline=None)
@given(history=histories())
def test_what_is_ready_together_goes_out_together(history: RandomHistory) -> None:
    # The initial data, then one payload per batch at most, and one for what the end closes.
    assert len(by_plan(CLIENTS[-1], history)) <= len(history.batches) + 2
