"""Monitoring: slots are taken once, jobs done once, begun anew after a death and parked after three."""

import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django_q.models import OrmQ

from buttress.evidence.selectors import dataset_files, results
from buttress.evidence.services import declare_own_test
from buttress.evidence.store import folder_of
from buttress.evidence.tests.registers import DAY, OWN_TEST, declared, put
from buttress.orgs.errors import ForbiddenError, InvalidError, NotFoundError, ReplayedError
from buttress.orgs.records import MemberRecord
from buttress.orgs.role_names import Role
from buttress.orgs.selectors import audit_trail
from buttress.orgs.services import change_member
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import saltmarsh
from buttress.orgs.writing import Actor
from buttress.register.models import MonitoringJob, TestSlot
from buttress.register.models.monitoring import JobState, SlotState
from buttress.register.monitoring import jobs
from buttress.register.monitoring.inbox import collect
from buttress.register.monitoring.jobs import ask_for_run, begin, start_again, tell, wake
from buttress.register.monitoring.selectors import job, slots_since
from buttress.register.monitoring.slots import take_slots
from buttress.register.monitoring.tasks import do_job, look_around

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
ROWS = "id,status,mfa\na-1,ACTIVE,true\na-2,ACTIVE,false\n"


@pytest.fixture
def actors(settings, tmp_path) -> dict[str, Actor]:
    """An organisation with one file of evidence, an own test that fails on a row of it, and an adopted one."""
    settings.BUTTRESS_DATA = tmp_path
    found = dict(declared())
    declare_own_test(found["ruth"], ref="mfa-everywhere", test=OWN_TEST)
    put(folder_of(found["ruth"].organisation_id), "evidence/accounts-2026-06-30.csv", ROWS)
    return found


@pytest.fixture
def ruth(actors) -> Actor:
    return actors["ruth"]


def work_off(organisation: Actor) -> int:
    """Does what is queued, as a worker would, and says how much there was."""
    queued = list(OrmQ.objects.order_by("id"))
    for each in queued:
        task = each.task
        OrmQ.objects.filter(id=each.id).delete()
        do_job(*task["args"][:2])
    return len(queued)


def rows(actor: Actor):
    with tenant(actor.organisation_id):
        return list(MonitoringJob.objects.order_by("asked_at"))


def test_a_run_that_was_asked_for_is_recorded_in_the_name_of_who_asked(ruth):
    asked = ask_for_run(ruth, tests=["mfa-everywhere"], as_of=DAY)
    assert (asked.state, asked.asked_by) == (JobState.WAITING, "ruth")
    assert work_off(ruth) == 1
    done = job(ruth, key=asked.key)
    assert (done.state, done.found) == (JobState.DONE, "1 new results, 0 evaluated before")
    assert (done.done, done.total) == (1, 1)
    assert [(found.test, found.failing_keys) for found in results(ruth)] == [("mfa-everywhere", ("a-2",))]
    said = audit_trail(ruth, subject_kind="runs")[0].values
    assert (said["by"], said["reason"]) == ("ruth", f"job {asked.key}")


def test_the_same_occasion_asked_for_twice_is_one_job(ruth):
    first = ask_for_run(ruth.keyed("monday"), as_of=DAY)
    again = ask_for_run(ruth.keyed("monday"), as_of=DAY)
    assert first == again
    work_off(ruth)
    assert [row.starts for row in rows(ruth)] == [1]


def test_a_second_delivery_finds_nothing_left_to_do(ruth):
    asked = ask_for_run(ruth, as_of=DAY)
    work_off(ruth)
    before = (results(ruth), audit_trail(ruth))
    do_job(str(ruth.organisation_id), asked.key)
    assert (results(ruth), audit_trail(ruth)) == before


def test_a_test_that_is_not_declared_is_refused_with_the_nearest_name(ruth):
    with pytest.raises(InvalidError, match="mfa-everywhere"):
        ask_for_run(ruth, tests=["mfa-everywere"])
    assert rows(ruth) == []


def test_a_key_that_asks_for_something_else_is_refused(ruth):
    ask_for_run(ruth.keyed("monday"), as_of=DAY)
    with pytest.raises(ReplayedError):
        ask_for_run(ruth.keyed("monday"), tests=["mfa-everywhere"], as_of=DAY)


def test_nobodys_key_takes_the_place_of_another_members_job_or_of_a_schedules(actors):
    with tenant(actors["ruth"].organisation_id):
        coming = take_slots(NOW).key
    for who in ("ruth", "ada"):
        assert ask_for_run(actors[who].keyed(coming), tests=["mfa-everywhere"]).asked_by == who
    assert len(rows(actors["ruth"])) == 3


def test_a_day_to_come_is_refused(ruth):
    with pytest.raises(InvalidError, match="still to come"):
        ask_for_run(ruth, as_of=date(2999, 1, 1))


def test_who_may_not_run_tests_asks_for_none(actors):
    for who in ("paul", "vera", "erin"):
        with pytest.raises(ForbiddenError):
            ask_for_run(actors[who])


def test_a_schedule_takes_each_slot_for_one_job(ruth):
    with tenant(ruth.organisation_id):
        assert take_slots(NOW) is not None
        assert take_slots(NOW) is None
        assert take_slots(NOW - timedelta(hours=1)) is None
        assert MonitoringJob.objects.count() == 1
        assert set(TestSlot.objects.values_list("test", "state")) == {
            ("mfa-everywhere", "taken"),
            ("idp-mfa-active-users", "taken"),
        }


def test_slots_that_were_slept_through_are_missed_and_only_the_last_one_runs(ruth):
    with tenant(ruth.organisation_id):
        take_slots(NOW)
        take_slots(NOW + timedelta(days=3))
        assert MonitoringJob.objects.count() == 2
    found = slots_since(ruth, since=NOW - timedelta(days=1), test="mfa-everywhere")
    assert [(slot.planned_at.day, slot.state) for slot in found] == [
        (30, SlotState.TAKEN),
        (1, SlotState.MISSED),
        (2, SlotState.MISSED),
        (3, SlotState.TAKEN),
    ]
    assert [slot.job is None for slot in found] == [False, True, True, False]


def test_a_look_around_leaves_other_organisations_their_jobs(ruth):
    saltmarsh()
    look_around()
    assert work_off(ruth) == 1
    (row,) = rows(ruth)
    assert (row.state, row.asked_by) == ("done", None)
    assert audit_trail(ruth, subject_kind="runs")[0].values["by"] == ""


def test_a_job_whose_worker_died_begins_anew_and_is_parked_after_three_deaths(ruth):
    asked = ask_for_run(ruth, as_of=DAY)
    OrmQ.objects.all().delete()
    with tenant(ruth.organisation_id):
        for starts in (1, 2, 3):
            assert begin(asked.key).starts == starts
            assert begin(asked.key) is None, "its worker lives"
            assert wake(ruth.organisation_id) == 0
            long_ago = MonitoringJob.objects.get().heartbeat - jobs.DEAD_AFTER - timedelta(seconds=1)
            MonitoringJob.objects.update(heartbeat=long_ago)
            assert wake(ruth.organisation_id) == 1
        assert begin(asked.key) is None
    parked = job(ruth, key=asked.key)
    assert (parked.state, parked.fault) == (JobState.PARKED, "its worker died 3 times without a word")
    OrmQ.objects.all().delete()
    assert start_again(ruth, key=asked.key).state is JobState.WAITING
    assert work_off(ruth) == 1
    assert job(ruth, key=asked.key).state is JobState.DONE


def test_only_a_parked_job_is_started_again(ruth):
    asked = ask_for_run(ruth, as_of=DAY)
    with pytest.raises(InvalidError, match="is waiting"):
        start_again(ruth, key=asked.key)
    with pytest.raises(NotFoundError):
        start_again(ruth, key="never")


def test_a_job_of_somebody_who_left_is_parked_with_the_reason(actors):
    asked = ask_for_run(actors["ruth"], as_of=DAY)
    left = MemberRecord(person="ruth", role=Role.RISK_MANAGER, ended_on=date(2026, 6, 1))
    change_member(actors["ada"], ref="ruth", member=left, version=1)
    work_off(actors["ada"])
    parked = job(actors["ada"], key=asked.key)
    assert parked.state is JobState.PARKED
    assert "no member of this organisation any more" in parked.fault
    assert results(actors["ada"]) == ()


def test_what_a_person_has_to_mend_is_not_tried_again(ruth):
    put(folder_of(ruth.organisation_id), "results/2026-06-30-000000000000.json", "{}")
    asked = ask_for_run(ruth, as_of=DAY)
    work_off(ruth)
    parked = job(ruth, key=asked.key)
    assert (parked.state, parked.starts) == (JobState.PARKED, 1)
    assert "results/2026-06-30-000000000000.json" in parked.fault
    assert OrmQ.objects.count() == 0


def test_a_job_tells_how_far_it_is(ruth):
    asked = ask_for_run(ruth, as_of=DAY)
    with tenant(ruth.organisation_id):
        begin(asked.key)
        tell(asked.key, "2026-06-30", 3, 12)
    found = job(ruth, key=asked.key)
    assert (found.phase, found.done, found.total) == ("2026-06-30", 3, 12)


def test_a_job_of_another_organisation_is_unknown(ruth):
    asked = ask_for_run(ruth, as_of=DAY)
    with pytest.raises(NotFoundError):
        job(saltmarsh()["mallory"], key=asked.key)


@pytest.fixture
def inbox(settings, tmp_path, ruth):
    """The inbox with a file of Harbourline's that has been at rest for a minute."""
    settings.BUTTRESS_INBOX = tmp_path / "inbox"
    folder = settings.BUTTRESS_INBOX / "harbourline" / "accounts"
    drop(folder, "accounts-2026-07-01.csv", ROWS)
    return folder


def drop(folder, name: str, content: str) -> None:
    put(folder, name, content)
    a_minute_ago = time.time() - 60
    os.utime(folder / name, (a_minute_ago, a_minute_ago))


def test_a_dropped_file_is_collected_kept_and_tested(ruth, inbox):
    look_around()
    while work_off(ruth):
        pass
    assert [path.relative_to(inbox).as_posix() for path in inbox.rglob("*.csv")] == ["taken/accounts-2026-07-01.csv"]
    assert [file.file for file in dataset_files(ruth)["accounts"]][-1] == "evidence/accounts-2026-07-01.csv"
    assert {found.test for found in results(ruth)} == {"mfa-everywhere", "idp-mfa-active-users"}
    assert {row.state for row in rows(ruth)} == {"done"}
    (collected,) = [row for row in rows(ruth) if row.kind == "collect"]
    assert collected.found.startswith("kept as evidence/accounts-2026-07-01.csv, 2 rows")


def test_a_file_that_may_still_grow_is_left_for_the_next_look(ruth, inbox):
    put(inbox, "accounts-2026-07-02.csv", ROWS)
    with tenant(ruth.organisation_id):
        assert collect() == 1
        assert collect(time.time() + 60) == 2


def test_a_file_that_is_looked_at_twice_makes_one_job(ruth, inbox):
    with tenant(ruth.organisation_id):
        collect()
        collect()
        assert MonitoringJob.objects.count() == 1


def test_a_dropped_file_that_cannot_be_read_is_put_aside_with_the_reason(ruth, inbox):
    drop(inbox, "accounts-2026-07-01.csv", "id,status,mfa\na-1,ACTIVE,perhaps\n")
    with tenant(ruth.organisation_id):
        collect()
    work_off(ruth)
    assert [path.relative_to(inbox).as_posix() for path in inbox.rglob("*.csv")] == ["refused/accounts-2026-07-01.csv"]
    (row,) = rows(ruth)
    assert (row.state, "perhaps" in row.fault) == ("parked", True)
    assert "accounts" not in dataset_files(ruth)


def test_links_hidden_files_and_unknown_data_sets_are_not_collected(ruth, inbox, tmp_path):
    (tmp_path / "secret").write_text(ROWS)
    (inbox / "accounts-2026-07-03.csv").symlink_to(tmp_path / "secret")
    drop(inbox, ".accounts-2026-07-04.csv", ROWS)
    drop(inbox.parent / "unknown", "accounts-2026-07-05.csv", ROWS)
    drop(inbox.parent.parent / "saltmarsh" / "accounts", "accounts-2026-07-05.csv", ROWS)
    with tenant(ruth.organisation_id):
        assert collect(time.time() + 60) == 1


def test_a_file_that_changes_after_it_was_found_is_left_for_the_next_look(ruth, inbox):
    with tenant(ruth.organisation_id):
        collect()
    put(inbox, "accounts-2026-07-01.csv", "id,status,mfa\n")
    work_off(ruth)
    assert (inbox / "accounts-2026-07-01.csv").is_file()
    assert "accounts" not in dataset_files(ruth)
    (row,) = rows(ruth)
    assert "the next look" in row.found


def test_a_name_that_is_no_text_is_put_aside_and_stops_nothing(ruth, inbox):
    weird = Path(os.fsdecode(os.fsencode(inbox / "accounts-") + b"\xff.csv"))
    weird.write_text(ROWS)
    os.utime(weird, (time.time() - 60,) * 2)
    look_around()
    assert len(list((inbox / "refused").iterdir())) == 1
    with tenant(ruth.organisation_id):
        assert TestSlot.objects.exists()


def test_what_is_put_aside_never_leaves_the_inbox_by_a_link(ruth, inbox, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (inbox / "taken").symlink_to(tmp_path / "elsewhere")
    with tenant(ruth.organisation_id):
        collect()
    work_off(ruth)
    assert list((tmp_path / "elsewhere").iterdir()) == []
