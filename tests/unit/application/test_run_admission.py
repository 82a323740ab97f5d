"""Places for runs: as many as there are, no more, and each is left once."""

import pytest

from agui_runtime.application.run_admission import RunAdmission
from agui_runtime.domain.errors import BusyError, ErrorCode
from agui_runtime.domain.identity import ANONYMOUS, Caller, Principal, Scope
from agui_runtime.domain.policy import AdmissionLimits

ALICE, BOB = (Caller(Principal(name), Scope(name)) for name in ("alice", "bob"))
STRANGER = Caller(ANONYMOUS, Scope("default"))


def refused(admission: RunAdmission, caller: Caller) -> str:
    with pytest.raises(BusyError) as caught:
        admission.admit(caller)
    assert caught.value.code is ErrorCode.TOO_MANY_RUNS
    return str(caught.value.details["limit"])


def test_a_process_has_so_many_places() -> None:
    admission = RunAdmission(AdmissionLimits(max_runs=2))
    leave = admission.admit(ALICE)
    admission.admit(BOB)
    assert refused(admission, STRANGER) == "runs"
    leave()
    admission.admit(STRANGER)


def test_a_caller_has_so_many_of_them() -> None:
    admission = RunAdmission(AdmissionLimits(max_runs_per_caller=1))
    leave = admission.admit(ALICE)
    assert refused(admission, ALICE) == "runs_per_caller"
    admission.admit(BOB)
    leave()
    admission.admit(ALICE)


def test_one_caller_in_two_scopes_is_two() -> None:
    admission = RunAdmission(AdmissionLimits(max_runs_per_caller=1))
    admission.admit(ALICE)
    admission.admit(Caller(ALICE.principal, Scope("elsewhere")))


def test_strangers_share_the_processs_places_alone() -> None:
    admission = RunAdmission(AdmissionLimits(max_runs=3, max_runs_per_caller=1))
    for _ in range(3):
        admission.admit(STRANGER)
    assert refused(admission, STRANGER) == "runs"


def test_a_place_is_left_once() -> None:
    admission = RunAdmission(AdmissionLimits(max_runs=2))
    leave = admission.admit(ALICE)
    admission.admit(ALICE)
    leave()
    leave()
    assert admission.live == 1


def test_nobodys_name_stays_behind() -> None:
    admission = RunAdmission(AdmissionLimits())
    admission.admit(ALICE)()
    assert not admission._live_of
