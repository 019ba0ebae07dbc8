"""Evidence that is brought: kept whole or not at all, under a name that says its day, never overwritten."""

import hashlib
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from buttress.controls.records import ControlRecord
from buttress.controls.services import add_control
from buttress.core.snapshot import ControlKind
from buttress.evidence.arrivals import Stated, arriving, name_for, next_name, receipt_text
from buttress.evidence.data.receipts import Receipt, read_receipt_file
from buttress.evidence.declared_terms import Adoption
from buttress.evidence.selectors import dataset_files
from buttress.evidence.services import change_adoption, declare_dataset, declare_own_test, record_evidence_file
from buttress.evidence.store import folder_of
from buttress.evidence.tests.registers import ACCOUNTS, OWN_TEST, ZONE, declared
from buttress.formats.problems import ProblemsError
from buttress.orgs.errors import ForbiddenError, NotFoundError
from buttress.orgs.selectors import audit_trail
from buttress.orgs.tests.organisations import saltmarsh
from buttress.orgs.writing import Actor

ROWS = "id,status,mfa\na-1,ACTIVE,true\na-2,ACTIVE,false\n"
JUNE = date(2026, 6, 30)


def dated(**changes):
    return ACCOUNTS.model_copy(update={"id": "accounts", **changes})


@pytest.mark.parametrize(
    ("given", "effective", "name"),
    [
        ("accounts-2026-06-30.csv", None, "evidence/accounts-2026-06-30.csv"),
        ("C:\\exports\\accounts-2026-06-30.csv", None, "evidence/accounts-2026-06-30.csv"),
        ("users (3).csv", JUNE, "evidence/accounts-2026-06-30.csv"),
        ("../../etc/passwd", JUNE, "evidence/accounts-2026-06-30.csv"),
        ("users.csv", datetime(2026, 6, 30, 6, tzinfo=UTC), "evidence/accounts-2026-06-30T0600.csv"),
    ],
)
def test_a_file_is_kept_under_the_day_of_which_it_speaks(given, effective, name):
    assert name_for(dated(), given, effective) == name


@pytest.mark.parametrize("given", ["users.csv", ".accounts-2026-06-30.csv", "accounts-x/2026-06-30.csv"])
def test_a_name_without_a_day_is_refused_with_what_to_state(given):
    with pytest.raises(ProblemsError, match="effective date"):
        name_for(dated(), given, None)


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("evidence/klass-[0-9]*.csv", "x.csv"),
        ("evidence/*-accounts-*.csv", "x.csv"),
        ("evidence/accounts-*.csv", f"accounts-{'x' * 250}.csv"),
        ("evidence/accounts-*.csv", "accounts-\udcff.csv"),
    ],
)
def test_a_name_that_cannot_be_kept_is_refused(path, given, tmp_path):
    stated = Stated(JUNE if given == "x.csv" else None)
    with (
        pytest.raises(ProblemsError),
        arriving(tmp_path, io.BytesIO(b"id\n"), given, dated(path=path), stated, ZONE),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "mended"),
    [
        ("evidence/a/accounts-2026-06-30.csv", "evidence/a/accounts-2026-06-30_b.csv"),
        ("evidence/export-2026-06-30", "evidence/export-2026-06-30_b"),
        ("evidence/a-2026-06-30.ocsf.json", "evidence/a-2026-06-30_b.ocsf.json"),
    ],
)
def test_a_mended_file_sorts_behind_the_first(name, mended):
    assert next_name(name, 1) == mended
    assert mended > name


def test_a_receipt_reads_back_as_it_was_stated(tmp_path):
    receipt = Receipt(
        source="Okta: no, really 1:30",
        parameters={"since": "2026-06-30"},
        started_at=datetime(2026, 6, 30, 6, tzinfo=UTC),
        source_total=312,
        total_from="payroll\nheadcount",
        cursor_exhausted=True,
    )
    (tmp_path / "r.yaml").write_text(receipt_text(receipt))
    assert read_receipt_file(tmp_path / "r.yaml") == receipt


db = [pytest.mark.django_db, pytest.mark.both_engines]


@pytest.fixture
def actors(settings, tmp_path, db) -> dict[str, Actor]:
    settings.BUTTRESS_DATA = tmp_path
    found = dict(declared())
    declare_own_test(found["ruth"], ref="mfa-everywhere", test=OWN_TEST)
    return found


def bring(actor: Actor, content: str = ROWS, name: str = "accounts-2026-06-30.csv", **stated):
    source = io.BytesIO(content.encode())
    return record_evidence_file(actor, dataset="accounts", source=source, name=name, stated=Stated(**stated))


def stored(actor: Actor) -> list[str]:
    folder = folder_of(actor.organisation_id)
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.django_db
@pytest.mark.both_engines
class TestBringing:
    def test_a_file_is_read_kept_and_recorded(self, actors):
        kept = bring(actors["ruth"])
        assert (kept.file, kept.rows, kept.is_new) == ("evidence/accounts-2026-06-30.csv", 2, True)
        assert kept.tests == ("mfa-everywhere",)
        assert stored(actors["ruth"]) == [kept.file]
        (file,) = dataset_files(actors["ruth"])["accounts"]
        assert (file.file, file.rows, file.sha256) == (kept.file, 2, kept.sha256)
        said = audit_trail(actors["ruth"], subject_kind="datasets", ref="accounts")[0].values
        assert (said["by"], said[f"files.{kept.file}"]) == ("ruth", kept.sha256)

    def test_a_day_long_before_the_upload_is_stated(self, actors):
        assert bring(actors["ruth"], name="export.csv", effective_at=JUNE).effective_at.date() == JUNE

    def test_a_day_other_than_the_files_own_is_refused(self, actors):
        by_receipt = {"effective_at": {"from": "column", "column": "seen"}, "path": "evidence/seen-*.csv"}
        columns = {"id": {"type": "text", "nullable": "false"}, "seen": {"type": "date"}}
        dataset = type(ACCOUNTS).model_validate({"format": "csv", "key": ["id"], "columns": columns, **by_receipt})
        declare_dataset(actors["ruth"], ref="seen", dataset=dataset)
        source = io.BytesIO(b"id,seen\n1,2026-05-31\n")
        with pytest.raises(ProblemsError, match="2026-05-31 by its column"):
            record_evidence_file(actors["ruth"], dataset="seen", source=source, name="seen-1.csv", stated=Stated(JUNE))
        assert stored(actors["ruth"]) == []

    def test_nothing_is_kept_of_a_file_that_cannot_be_read(self, actors):
        before = audit_trail(actors["ruth"])
        with pytest.raises(ProblemsError, match="mfa"):
            bring(actors["ruth"], "id,status,mfa\na-1,ACTIVE,perhaps\n")
        assert stored(actors["ruth"]) == []
        assert audit_trail(actors["ruth"]) == before
        assert not list(folder_of(actors["ruth"].organisation_id).glob("arriving-*"))

    def test_the_same_bytes_again_change_nothing(self, actors):
        first = bring(actors["ruth"])
        before = audit_trail(actors["ruth"])
        again = bring(actors["ruth"])
        assert (again.file, again.is_new) == (first.file, False)
        assert audit_trail(actors["ruth"]) == before

    def test_a_mended_file_is_kept_beside_the_first_and_counts_as_newer(self, actors):
        bring(actors["ruth"])
        mended = bring(actors["ruth"], ROWS.replace("false", "true"))
        assert mended.file == "evidence/accounts-2026-06-30_b.csv"
        assert [file.file for file in dataset_files(actors["ruth"])["accounts"]][-1] == mended.file
        assert len(stored(actors["ruth"])) == 2

    def test_a_declared_total_is_kept_in_the_receipt_and_reconciled(self, actors):
        kept = bring(actors["ruth"], receipt=Receipt(source_total=3, total_from="payroll"))
        assert "complete(no: difference(-1))" in kept.signals
        (file,) = dataset_files(actors["ruth"])["accounts"]
        assert file.receipt["source_total"] == 3
        assert stored(actors["ruth"]) == [kept.file, f"{kept.file}.receipt.yaml"]

    def test_a_receipt_that_is_brought_later_is_kept_with_the_file_again(self, actors):
        bring(actors["ruth"])
        cut = Receipt(errors=7, cursor_exhausted=False)
        kept = bring(actors["ruth"], receipt=cut)
        assert (kept.file, kept.is_new) == ("evidence/accounts-2026-06-30_b.csv", True)
        folder = folder_of(actors["ruth"].organisation_id)
        assert read_receipt_file(folder / f"{kept.file}.receipt.yaml") == cut
        assert [bring(actors["ruth"], receipt=cut).is_new, bring(actors["ruth"]).file] == [
            False,
            "evidence/accounts-2026-06-30.csv",
        ]

    def test_a_mended_file_that_its_data_set_could_not_date_is_refused(self, actors):
        pattern = {"from": "file_name", "pattern": "strict-(?P<date>\\d{4}-\\d{2}-\\d{2})\\.csv"}
        content = {"format": "csv", "path": "evidence/strict-*.csv", "key": ["id"], "effective_at": pattern}
        strict = type(ACCOUNTS).model_validate({**content, "columns": {"id": {"type": "text"}}})
        declare_dataset(actors["ruth"], ref="strict", dataset=strict)
        for rows, is_kept in ((b"id\n1\n", True), (b"id\n2\n", False)):
            given = {"dataset": "strict", "source": io.BytesIO(rows), "name": "a.csv", "stated": Stated(JUNE)}
            if is_kept:
                record_evidence_file(actors["ruth"], **given)
                continue
            with pytest.raises(ProblemsError, match="no second name"):
                record_evidence_file(actors["ruth"], **given)
        assert stored(actors["ruth"]) == ["evidence/strict-2026-06-30.csv"]

    def test_a_shrunken_a_repeating_and_a_future_population_are_said_at_once(self, actors):
        many = ROWS + "".join(f"b-{n},ACTIVE,true\n" for n in range(98))
        bring(actors["ruth"], many, "accounts-2026-06-28.csv")
        repeated = bring(actors["ruth"], many, "accounts-2026-06-29.csv")
        assert "repeats(evidence/accounts-2026-06-28.csv, 1 d older)" in repeated.signals
        assert "shrunk(100 -> 2)" in bring(actors["ruth"]).signals
        coming = datetime.now(UTC).date() + timedelta(days=3)
        future = bring(actors["ruth"], name=f"accounts-{coming}.csv")
        assert f"in_the_future({coming})" in future.signals

    def test_an_empty_file_is_kept_and_said_to_be_empty(self, actors):
        assert "empty" in bring(actors["ruth"], "id,status,mfa\n").signals

    def test_a_control_owner_brings_evidence_about_own_controls_only(self, actors):
        assert bring(actors["omar"]).is_new
        add_control(actors["ruth"], ref="X-1", control=ControlRecord(title="Other", kind=ControlKind.PREVENTIVE))
        change_adoption(actors["ruth"], ref="idp-mfa-active-users", adoption=Adoption(controls=("X-1",)), version=1)
        other = dated(path="evidence/idp-*.csv")
        declare_dataset(actors["ruth"], ref="idp_accounts", dataset=other.model_copy(update={"id": "idp_accounts"}))
        before = stored(actors["ruth"])
        with pytest.raises(ForbiddenError, match="own only"):
            record_evidence_file(
                actors["omar"], dataset="idp_accounts", source=io.BytesIO(b"x"), name="idp-2026-06-30.csv"
            )
        assert stored(actors["ruth"]) == before

    def test_passwords_of_a_directory_are_never_stored(self, actors):
        columns = {"dn": {"type": "text", "nullable": "false"}, "uid": {"type": "text"}}
        dated = {"from": "file_name", "pattern": "people-(?P<date>[0-9-]+)"}
        content = {"format": "ldif", "path": "evidence/people-*.ldif", "key": ["dn"], "columns": columns}
        people = type(ACCOUNTS).model_validate({**content, "effective_at": dated})
        declare_dataset(actors["ruth"], ref="people", dataset=people)
        source = io.BytesIO(b"dn: uid=u1\nuid: u1\nuserPassword:: c2VjcmV0\n\n")
        kept = record_evidence_file(actors["ruth"], dataset="people", source=source, name="people-2026-06-30.ldif")
        bytes_kept = (folder_of(actors["ruth"].organisation_id) / kept.file).read_bytes()
        assert (kept.rows, b"assword" in bytes_kept, b"c2Vj" in bytes_kept) == (1, False, False)
        assert hashlib.sha256(bytes_kept).hexdigest() == kept.sha256

    def test_who_only_reads_brings_nothing(self, actors):
        for who in ("paul", "vera", "erin"):
            with pytest.raises(ForbiddenError):
                bring(actors[who])

    def test_another_organisations_data_set_is_unknown(self, actors):
        with pytest.raises(NotFoundError):
            bring(saltmarsh()["mallory"])

    def test_a_file_over_the_limit_is_refused_while_it_streams(self, actors, monkeypatch):
        monkeypatch.setattr("buttress.evidence.arrivals.MAX_FILE_BYTES", 10)
        with pytest.raises(ProblemsError, match="larger file"):
            bring(actors["ruth"])
        assert stored(actors["ruth"]) == []


def test_what_a_receipt_leaves_out_is_not_written():
    assert receipt_text(Receipt(source_total=1, total_from="HR")) == "receipt:\n  source_total: 1\n  total_from: HR\n"


def test_a_receipt_that_is_none_is_refused(tmp_path: Path):
    (tmp_path / "r.yaml").write_text("something: else\n")
    with pytest.raises(ProblemsError, match="one mapping named receipt"):
        read_receipt_file(tmp_path / "r.yaml")
