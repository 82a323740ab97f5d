"""What a request says to the questions that wait (contract agui §10, one-model §3).

Only an incomplete or mistaken answer is refused: a request that answers nothing cancels what waits, since GraphQL and
older frontends cannot say so. Answers without an id go to the newest questions, the ones such frontends show.
"""

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve, frozen

from agui_runtime.domain.errors import InvalidError
from agui_runtime.domain.runs import Interrupt, Resume

CANCELLED = "cancelled"
RESOLVED = "resolved"


@frozen
class Settlement:
    """Answers, each with the id of its question where one is known.

    Attributes:
        on_record: for the log: every question is answered or cancelled.
        for_asker: for the agent that asked: in the form in which it asked.
    """

    on_record: tuple[Resume, ...] = ()
    for_asker: tuple[Resume, ...] = ()


def settle(questions: Sequence[Interrupt], answers: Sequence[Resume], now: datetime) -> Settlement:
    """What these answers mean to the questions of the newest run, expired ones among them.

    Raises:
        InvalidError: the answers leave an open question out, name an unknown one, answer one twice, or come too late;
            ``details`` has the ids: ``missing``, ``unknown``, ``repeated``, ``expired``.
    """
    named = [answer for answer in answers if answer.interrupt_id is not None]
    if named:
        # Where both forms come, the standard one wins (contract agui §10).
        _check_named(questions, named, now)
        settled = named
    else:
        settled = _matched(questions, answers, now)
    return Settlement(tuple(settled), _for_asker(questions, settled))


def _check_named(questions: Sequence[Interrupt], answers: Sequence[Resume], now: datetime) -> None:
    given = [answer.interrupt_id for answer in answers]
    known = {question.id for question in questions}
    expired = {question.id for question in questions if question.is_expired(now)}
    resolved = {answer.interrupt_id for answer in answers if answer.status != CANCELLED}
    _refuse("unknown", [each for each in given if each not in known], "answers questions that do not wait")
    _refuse("repeated", [each for at, each in enumerate(given) if each in given[:at]], "answers questions twice")
    _refuse("expired", [each for each in given if each in expired & resolved], "comes too late for questions")
    missing = [question.id for question in questions if question.id not in {*given, *expired}]
    _refuse("missing", missing, "leaves open questions without an answer")


def _matched(questions: Sequence[Interrupt], answers: Sequence[Resume], now: datetime) -> list[Resume]:
    """Answers without ids, the last one for the question asked last; what is left over is cancelled."""
    waiting = [question for question in questions if not question.is_expired(now)]
    if answers and questions and not waiting:
        _refuse("expired", [question.id for question in questions], "comes too late for questions")
    if not waiting:
        # The agent may know of a question that this log does not.
        return [*(Resume(question.id, CANCELLED) for question in questions), *answers]
    taken = dict(zip((question.id for question in reversed(waiting)), reversed(answers), strict=False))
    return [
        evolve(taken[question.id], interrupt_id=question.id) if question.id in taken else Resume(question.id, CANCELLED)
        for question in questions
    ]


def _for_asker(questions: Sequence[Interrupt], settled: Sequence[Resume]) -> tuple[Resume, ...]:
    # An asker in LangGraph's form knows no ids, and there is no such form of "cancelled".
    without_id = {question.id for question in questions if question.is_derived}
    return tuple(
        evolve(answer, interrupt_id=None) if answer.interrupt_id in without_id else answer
        for answer in settled
        if answer.interrupt_id not in without_id or answer.status != CANCELLED
    )


def _refuse(fault: str, ids: Sequence[str | None], what: str) -> None:
    if ids:
        raise InvalidError(f"This request {what}: {', '.join(map(str, ids))}.", details={fault: list(ids)})
