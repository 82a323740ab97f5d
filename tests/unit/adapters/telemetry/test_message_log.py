"""What was said, in the log of those who asked for it."""

import logging
from typing import Any

import pytest

from agui_runtime.adapters.telemetry.message_log import LoggedMessages
from agui_runtime.application.ports import RunHooks
from agui_runtime.application.values import AfterRun, BeforeRun
from agui_runtime.composition.container import RuntimeContainer
from agui_runtime.domain.identity import ANONYMOUS, Caller, RunId, Scope, ThreadId
from agui_runtime.domain.messages import AssistantMessage, UserMessage
from agui_runtime.domain.runs import Finished
from tests.support.aio import run
from tests.support.serving import runtime

CALLER = Caller(ANONYMOUS, Scope("s"))
BEFORE = BeforeRun(CALLER, None, None, None, (UserMessage(id="m-1", content="what I say"),), {})
AFTER = AfterRun(
    CALLER, ThreadId("t"), RunId("r"), None, (), {}, (AssistantMessage(id="m-2", content="the answer"),), Finished()
)


class Hooks:
    def __init__(self) -> None:
        self.told: list[object] = []

    async def before_run(self, before: BeforeRun) -> None:
        self.told.append(before)

    async def after_run(self, after: AfterRun) -> None:
        self.told.append(after)


def hooks_of(container: RuntimeContainer) -> Any:
    return container.observed_hooks()


def test_they_are_hooks() -> None:
    assert isinstance(LoggedMessages(), RunHooks)


def test_what_is_asked_and_answered_is_written(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def both() -> None:
        await LoggedMessages().before_run(BEFORE)
        await LoggedMessages().after_run(AFTER)

    run(both())
    assert [[message["content"] for message in record.__dict__["messages"]] for record in caplog.records] == [
        ["what I say"],
        ["the answer"],
    ]


def test_the_hosts_own_hooks_are_told_all_the_same() -> None:
    inner = Hooks()

    async def both() -> None:
        await LoggedMessages(inner).before_run(BEFORE)
        await LoggedMessages(inner).after_run(AFTER)

    run(both())
    assert inner.told == [BEFORE, AFTER]


def test_nothing_is_written_unless_somebody_asks() -> None:
    inner = Hooks()
    assert hooks_of(runtime(hooks=inner)) is inner
    assert hooks_of(runtime()) is None
    assert isinstance(hooks_of(runtime(environment={"AGUI_LOG_MESSAGES": "1"})), LoggedMessages)
