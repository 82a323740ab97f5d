"""What answers mean to the questions that wait."""

from datetime import UTC, datetime, timedelta

import pytest

from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.interrupts import settle
from agui_runtime.domain.runs import Interrupt, Resume

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ONE, TWO = Interrupt("one"), Interrupt("two")
DERIVED = Interrupt("derived", is_derived=True)
LATE = Interrupt("late", expires_at=NOW)
SOON = Interrupt("soon", expires_at=NOW + timedelta(seconds=1))


def resolved(name: str | None, payload: object = "yes") -> Resume:
    return Resume(name, "resolved", payload)


def cancelled(name: str | None) -> Resume:
    return Resume(name, "cancelled")


# By id


def test_answers_that_cover_all_questions_are_taken_as_they_are() -> None:
    answers = (resolved("two"), cancelled("one"))
    assert settle([ONE, TWO], answers, NOW).on_record == answers


def test_an_incomplete_answer_is_refused_by_what_is_missing() -> None:
    with pytest.raises(InvalidError, match=r"leaves open questions without an answer: two\.") as refused:
        settle([ONE, TWO], [resolved("one")], NOW)
    assert refused.value.details == {"missing": ["two"]}


def test_an_answer_to_an_unknown_question_is_refused_by_its_id() -> None:
    with pytest.raises(InvalidError, match="do not wait: three") as refused:
        settle([ONE], [resolved("one"), resolved("three")], NOW)
    assert refused.value.details == {"unknown": ["three"]}


def test_a_second_answer_finds_nothing_that_waits() -> None:
    with pytest.raises(InvalidError, match="do not wait: one"):
        settle([], [resolved("one")], NOW)


def test_the_same_question_answered_twice_in_one_request_is_refused() -> None:
    with pytest.raises(InvalidError) as refused:
        settle([ONE], [resolved("one"), resolved("one", "no")], NOW)
    assert refused.value.details == {"repeated": ["one"]}


def test_an_answer_that_comes_too_late_is_refused() -> None:
    with pytest.raises(InvalidError) as refused:
        settle([LATE], [resolved("late")], NOW)
    assert refused.value.details == {"expired": ["late"]}


def test_what_has_expired_needs_no_answer_and_may_be_cancelled() -> None:
    assert settle([LATE, SOON], [resolved("soon")], NOW).on_record == (resolved("soon"),)
    assert settle([LATE, SOON], [resolved("soon"), cancelled("late")], NOW).on_record[1] == cancelled("late")


def test_where_both_forms_come_the_one_with_ids_wins() -> None:
    assert settle([ONE], [resolved(None, "old"), resolved("one", "new")], NOW).on_record == (resolved("one", "new"),)


# Without ids


def test_no_answer_at_all_cancels_everything() -> None:
    settled = settle([ONE, LATE, DERIVED], [], NOW)
    assert settled.on_record == (cancelled("one"), cancelled("late"), cancelled("derived"))
    assert settled.for_asker == (cancelled("one"), cancelled("late")), "there is no such form of cancelling"


def test_where_nothing_waits_no_answer_says_nothing() -> None:
    assert settle([], [], NOW).on_record == ()


def test_an_answer_without_an_id_is_for_the_single_question() -> None:
    settled = settle([ONE], [resolved(None)], NOW)
    assert settled.on_record == settled.for_asker == (resolved("one"),)


def test_of_several_questions_it_is_for_the_newest_and_the_others_are_cancelled() -> None:
    assert settle([ONE, TWO], [resolved(None)], NOW).on_record == (cancelled("one"), resolved("two"))


def test_as_many_answers_as_questions_go_in_their_order() -> None:
    answers = [resolved(None, 1), resolved(None, 2)]
    assert settle([ONE, TWO], answers, NOW).on_record == (resolved("one", 1), resolved("two", 2))


def test_of_more_answers_than_questions_the_newest_count() -> None:
    assert settle([ONE], [resolved(None, "old"), resolved(None, "new")], NOW).on_record == (resolved("one", "new"),)


def test_an_expired_question_takes_no_answer_from_one_that_waits() -> None:
    assert settle([SOON, LATE], [resolved(None)], NOW).on_record == (resolved("soon"), cancelled("late"))


def test_an_answer_without_an_id_that_comes_too_late_is_refused() -> None:
    with pytest.raises(InvalidError, match="comes too late for questions: late"):
        settle([LATE], [resolved(None)], NOW)


def test_an_answer_to_what_only_the_agent_knows_of_goes_through() -> None:
    settled = settle([], [resolved(None)], NOW)
    assert settled.on_record == settled.for_asker == (resolved(None),)


# The asker's form


def test_an_asker_without_ids_gets_its_answer_without_one() -> None:
    settled = settle([DERIVED], [resolved("derived")], NOW)
    assert settled.on_record == (resolved("derived"),)
    assert settled.for_asker == (resolved(None),)


def test_an_answer_that_cancels_says_nothing_to_an_asker_without_ids() -> None:
    assert settle([DERIVED], [cancelled("derived")], NOW).for_asker == ()
