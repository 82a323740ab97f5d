"""What a policy permits, and what those find whom it does not."""

from collections.abc import Collection

import pytest

from agui_runtime.adapters.auth import OwnerScope, TenantScope
from agui_runtime.adapters.system.access import OneScope
from agui_runtime.application.permissions import Permissions
from agui_runtime.application.ports import ActionPolicy
from agui_runtime.domain.actions import MAKES_THREADS, Action
from agui_runtime.domain.errors import DeniedError, ErrorCode
from agui_runtime.domain.identity import ANONYMOUS, NOWHERE, Caller, Principal, Scope, ThreadId
from tests.support.aio import run

CALLER, THREAD = Caller(ANONYMOUS, Scope("s"), {"a": "b"}), ThreadId("t")


class Permits:
    """These actions, and no others."""

    def __init__(self, *actions: Action) -> None:
        self._actions: Collection[Action] = actions

    def scope_of(self, principal: Principal) -> Scope:
        return CALLER.scope

    async def permits(self, caller: Caller, action: Action, thread_id: ThreadId | None) -> bool:
        return action in self._actions


@pytest.mark.parametrize("policy", [OneScope(), OwnerScope(), TenantScope()])
def test_a_policy_that_knows_no_actions_permits_all_of_them(policy: OneScope) -> None:
    assert not isinstance(policy, ActionPolicy)
    for action in Action:
        assert run(Permissions(policy).ask(CALLER, action, THREAD)) is CALLER


@pytest.mark.parametrize("action", Action)
def test_what_is_permitted_is_done_for_the_caller(action: Action) -> None:
    assert run(Permissions(Permits(action)).ask(CALLER, action, THREAD)) is CALLER


@pytest.mark.parametrize("action", sorted(set(Action) - {Action.READ}))
def test_what_is_not_permitted_is_denied_where_the_thread_may_be_read(action: Action) -> None:
    with pytest.raises(DeniedError, match=r"^You are not permitted to .* in this thread\.$") as caught:
        run(Permissions(Permits(Action.READ)).ask(CALLER, action, THREAD))
    assert caught.value.code is ErrorCode.DENIED


@pytest.mark.parametrize("action", sorted(set(Action) - MAKES_THREADS))
def test_who_may_not_read_a_thread_finds_none(action: Action) -> None:
    found = run(Permissions(Permits()).ask(CALLER, action, THREAD))
    assert found.finds_nothing
    assert (found.scope, found.principal, found.headers) == (NOWHERE, CALLER.principal, CALLER.headers)


@pytest.mark.parametrize("action", sorted(MAKES_THREADS))
def test_what_makes_threads_is_denied_whether_or_not_there_is_one(action: Action) -> None:
    with pytest.raises(DeniedError):
        run(Permissions(Permits()).ask(CALLER, action, THREAD))


@pytest.mark.parametrize("action", Action)
def test_what_is_about_no_thread_is_denied(action: Action) -> None:
    with pytest.raises(DeniedError, match="here"):
        run(Permissions(Permits()).ask(CALLER, action))


def test_a_policy_may_refuse_in_its_own_words() -> None:
    class Words(Permits):
        async def permits(self, caller: Caller, action: Action, thread_id: ThreadId | None) -> bool:
            raise DeniedError("Your plan has no agents.")

    with pytest.raises(DeniedError, match=r"Your plan has no agents\."):
        run(Permissions(Words()).ask(CALLER, Action.RUN, THREAD))


def test_who_was_refused_what_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    run(Permissions(Permits()).ask(CALLER, Action.STOP, THREAD))
    assert caplog.messages == ["anonymous may not stop runs."]
