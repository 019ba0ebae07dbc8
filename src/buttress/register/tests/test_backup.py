"""Backup and restore: all of an installation or nothing, and no file that is not a whole backup is used."""

import json
import shutil
import sqlite3
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from buttress.evidence.store import folder_of
from buttress.orgs.models import Organisation
from buttress.orgs.moments import Moment
from buttress.orgs.records import PersonRecord, RatesFact
from buttress.orgs.selectors import actor_of
from buttress.orgs.services import add_person, change_person, state_rates
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import harbourline, saltmarsh
from buttress.orgs.verification import Checkpoint, checkpoint, verify_organisation
from buttress.register.applying.apply import apply_folder
from buttress.register.backup.backup import backup
from buttress.register.backup.kept_elsewhere import KeptElsewhere
from buttress.register.backup.manifest import BackupRefusedError, columns_of_table, kept_tables
from buttress.register.backup.restore import restore
from buttress.register.backup.table_lines import digest_of_table
from buttress.register.figures.checking import check_figures
from buttress.register.figures.past import figures_of_day
from buttress.register.figures.rebuild import rebuild
from buttress.register.figures.recomputing import is_recomputing
from buttress.register.models import Backdating, FigureSet, PortfolioFigures, Recomputing, RiskFigures
from buttress.register.models.figures import Figures
from buttress.register.tests.folders import SAMPLE
from buttress.register.tests.kept import organisation_of

TABLE = "tables/orgs.person.jsonl"
VERSIONS = "tables/orgs.recordversion.jsonl"


@dataclass(frozen=True)
class Place:
    """An installation in a folder: an SQLite file and a data folder."""

    folder: Path

    @contextmanager
    def used(self) -> Iterator[None]:
        before = connection.settings_dict["NAME"], settings.BUTTRESS_DATA
        connection.close()
        connection.settings_dict["NAME"], settings.BUTTRESS_DATA = str(self.folder / "file.sqlite3"), self.folder
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"], settings.BUTTRESS_DATA = before

    @property
    def files(self) -> dict[str, str]:
        found = (path for path in (self.folder / "evidence").rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.fixture(scope="module")
def template(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An installation of this version that holds nothing; tests work on copies of it, and commit in earnest."""
    place = Place(tmp_path_factory.mktemp("template"))
    with django_db_blocker.unblock():
        # The database of the other tests is migrated already, where there are others in this run.
        if connection.introspection.table_names():
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(place.folder / "file.sqlite3")])
        else:
            with place.used():
                call_command("migrate", verbosity=0)
        yield place.folder


@pytest.fixture
def empty_place(template: Path, tmp_path: Path) -> Callable[[str], Place]:
    """Makes installations that hold nothing yet."""

    def make(name: str) -> Place:
        (tmp_path / name).mkdir(mode=0o700)
        shutil.copy(template / "file.sqlite3", tmp_path / name)
        return Place(tmp_path / name)

    return make


@pytest.fixture
def place(empty_place: Callable[[str], Place]) -> Place:
    return founded(empty_place("first"))


def founded(place: Place) -> Place:
    """Two organisations with people, facts, a trail, and evidence that compresses very well."""
    with place.used():
        cast, others = harbourline(), saltmarsh()
        odd = PersonRecord(name='Zoë "Z" O’Néill', title="a\nb\\")
        add_person(cast["ruth"], ref="zoe", person=odd)
        change_person(cast["ruth"], ref="zoe", person=PersonRecord(name="Zoë"), version=1)
        rates = {"USD": Decimal("0.9130000000000000001"), "GBP": Decimal("1.10")}
        state_rates(cast["ada"], rates=RatesFact(effective_on=date(2026, 1, 1), per_unit=rates))
        for actor, name in ((cast["ada"], "evidence/app accounts.csv"), (others["mallory"], "evidence/a/b.csv")):
            path = folder_of(actor.organisation_id) / name
            path.parent.mkdir(parents=True)
            path.write_bytes(b"\0" * 100_000 + name.encode())
        (folder_of(cast["ada"].organisation_id) / f".{'0' * 32}").write_text("what a broken copy left")
    return place


def digests() -> dict[str, tuple[int, str]]:
    return {model._meta.label_lower: digest_of_table(model) for model in kept_tables()}


def entries(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def write(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def test_what_is_restored_is_what_was_backed_up(place: Place, empty_place: Callable[[str], Place], tmp_path: Path):
    with place.used():
        told = backup(tmp_path / "first.zip")
        expected = digests()
    other = empty_place("second")
    with other.used():
        restored = restore(tmp_path / "first.zip")
        assert digests() == expected
        assert all(verify_organisation(each.pk).ok for each in Organisation.objects.all())
        backup(tmp_path / "second.zip")
    assert (told.organisations, told.rows, told.files) == (restored.organisations, restored.rows, restored.files)
    assert (restored.organisations, restored.files) == (("harbourline", "saltmarsh"), 2)
    assert told.sha256 == sha256((tmp_path / "first.zip").read_bytes()).hexdigest()
    assert stat.S_IMODE((tmp_path / "first.zip").stat().st_mode) == 0o600
    assert {n: d for n, d in place.files.items() if "/.0" not in n} == other.files
    first, second = entries(tmp_path / "first.zip"), entries(tmp_path / "second.zip")
    manifests = [json.loads(each.pop("manifest.json")) for each in (first, second)]
    assert first == second
    assert manifests[0].pop("created_at") != manifests[1].pop("created_at")
    assert manifests[0] == manifests[1]


def test_every_type_of_column_has_an_exact_form():
    whole = {"CharField", "TextField", "BooleanField", "IntegerField", "BigIntegerField", "UUIDField", "DateField"}
    whole |= {"PositiveIntegerField", "PositiveBigIntegerField", "PositiveSmallIntegerField", "DateTimeField"}
    whole |= {"FloatField", "BinaryField", "ExactDecimalField"}
    assert {kind for model in kept_tables() for kind in columns_of_table(model).values()} <= whole
    assert {model._meta.pk.get_internal_type() for model in kept_tables()} == {"UUIDField"}


def test_a_backup_is_the_one_whose_digest_was_kept(good: Path, empty_place: Callable[[str], Place], tmp_path: Path):
    said = sha256(good.read_bytes()).hexdigest()
    write(tmp_path / "repacked.zip", entries(good))
    with empty_place("second").used():
        with pytest.raises(BackupRefusedError, match=f"not {said} as kept elsewhere"):
            restore(tmp_path / "repacked.zip", kept=KeptElsewhere(said))
        assert not Organisation.objects.exists()
        restore(good, kept=KeptElsewhere(said))
    with pytest.raises(BackupRefusedError, match="is no SHA-256"):
        KeptElsewhere("abc")


def test_a_backup_whose_trail_passes_through_a_checkpoint_is_restored(
    place: Place, empty_place: Callable, tmp_path: Path
):
    with place.used():
        early, other = checkpoint("harbourline"), checkpoint("saltmarsh")
        add_person(actor_of("harbourline", "ada"), ref="later", person=PersonRecord(name="Later"))
        late = checkpoint("harbourline")
        backup(tmp_path / "b.zip")
    with empty_place("second").used():
        first = Checkpoint("harbourline", 0, "0" * 64)
        restore(tmp_path / "b.zip", kept=KeptElsewhere(None, (early, other, late, first)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda kept: replace(kept, last_hash="ab" * 32), "does not pass through the checkpoint"),
        (lambda kept: replace(kept, entries=0), "does not pass through the checkpoint"),
        (lambda kept: replace(kept, entries=kept.entries - 1), "does not pass through the checkpoint"),
        (lambda kept: replace(kept, entries=kept.entries + 1), "ends at entry"),
        (lambda kept: replace(kept, organisation="elsewhere"), "no organisation elsewhere"),
    ],
)
def test_a_backup_that_a_checkpoint_does_not_fit_is_refused_before_anything_is_written(
    change: Callable[[Checkpoint], Checkpoint], message: str, place: Place, empty_place: Callable, tmp_path: Path
):
    with place.used():
        kept = checkpoint("harbourline")
        backup(tmp_path / "b.zip")
    other = empty_place("second")
    with other.used():
        with pytest.raises(BackupRefusedError, match=message):
            restore(tmp_path / "b.zip", _refuse_to_write, KeptElsewhere(None, (change(kept), kept)))
        assert (Organisation.objects.exists(), other.files) == (False, {})


def _refuse_to_write(label: str, _done: int, _total: int) -> None:
    assert label == "checking", f"{label} came before the checks were done"


def test_a_history_written_anew_is_told_by_a_checkpoint_only(
    place: Place, empty_place: Callable[[str], Place], tmp_path: Path
):
    with place.used():
        kept = checkpoint("harbourline")
    with founded(empty_place("forged")).used():
        backup(tmp_path / "forged.zip")
    with empty_place("second").used():
        with pytest.raises(BackupRefusedError, match="does not pass through"):
            restore(tmp_path / "forged.zip", kept=KeptElsewhere(None, (kept,)))
        restore(tmp_path / "forged.zip")


def test_no_table_of_figures_is_part_of_a_backup():
    """Nothing seals them: figures of a doctored archive would stand."""
    figures = {model for model in apps.get_app_config("register").get_models() if issubclass(model, Figures)}
    assert figures
    assert not {*figures, FigureSet, Backdating, Recomputing} & set(kept_tables())


def test_figures_are_computed_anew_from_what_was_restored(empty_place: Callable[[str], Place], tmp_path: Path):
    first = empty_place("first")
    with first.used():
        ada = organisation_of(SAMPLE)
        apply_folder(ada, SAMPLE)
        rebuild(ada.organisation_id)
        with tenant(ada.organisation_id):
            figures_of_day(Moment(date(2026, 9, 30)))
            RiskFigures.objects.update(residual_mean=1.0)
        backup(tmp_path / "b.zip")
    with empty_place("second").used():
        restore(tmp_path / "b.zip")
        with tenant(ada.organisation_id):
            left = [model.objects.count() for model in (RiskFigures, PortfolioFigures, FigureSet, Backdating)]
            assert (left, is_recomputing()) == ([0, 0, 0, 0], True)
        rebuild(ada.organisation_id)
        assert check_figures(ada) == ()
        with tenant(ada.organisation_id):
            assert RiskFigures.objects.count() > 0
            assert not is_recomputing()


def test_the_restored_installation_is_written_on(place: Place, empty_place: Callable[[str], Place], tmp_path: Path):
    with place.used():
        backup(tmp_path / "b.zip")
    with empty_place("second").used():
        restore(tmp_path / "b.zip")
        add_person(actor_of("harbourline", "ruth"), ref="later", person=PersonRecord(name="Later"))
        assert verify_organisation(Organisation.objects.get(ref="harbourline").pk).ok


def test_writers_are_not_kept_waiting_and_the_backup_is_as_of_one_instant(place: Place, tmp_path: Path):
    written: list[int] = []

    def write_meanwhile(label: str, done: int, _total: int) -> None:
        if label == "writing tables" and done in (1, 3, 5):
            thread = threading.Thread(target=add)
            thread.start()
            thread.join()

    def add() -> None:
        try:
            number = len(written)
            ada = actor_of("harbourline", "ada")
            written.append(add_person(ada, ref=f"new-{number}", person=PersonRecord(name="New")).change)
        finally:
            connection.close()

    with place.used():
        before = digests()
        backup(tmp_path / "b.zip", write_meanwhile)
        assert len(written) == 3
        assert digests() != before
    manifest = json.loads(entries(tmp_path / "b.zip")["manifest.json"])
    assert {label: (table["rows"], table["sha256"]) for label, table in manifest["tables"].items()} == before


def test_a_backup_overwrites_nothing_and_leaves_no_draft(place: Place, tmp_path: Path):
    target = tmp_path / "to" / "b.zip"
    with place.used():
        with pytest.raises(BackupRefusedError, match="cannot be written"):
            backup(target)
        target.parent.mkdir()
        target.write_text("precious")
        with pytest.raises(BackupRefusedError, match="exists already"):
            backup(target)

        def occupy(label: str, _done: int, _total: int) -> None:
            if label == "checking":
                (target.parent / "later.zip").write_text("precious too")

        with pytest.raises(BackupRefusedError, match="came into being"):
            backup(target.parent / "later.zip", occupy)
    assert {path.name: path.read_text() for path in target.parent.iterdir()} == {
        "b.zip": "precious",
        "later.zip": "precious too",
    }


def test_only_an_empty_database_is_filled(place: Place, tmp_path: Path):
    with place.used():
        backup(tmp_path / "b.zip")
        before = digests()
        with pytest.raises(BackupRefusedError, match="not empty"):
            restore(tmp_path / "b.zip")
        assert digests() == before


def test_evidence_that_is_there_is_kept_and_never_overwritten(
    place: Place, empty_place: Callable[[str], Place], tmp_path: Path
):
    with place.used():
        backup(tmp_path / "b.zip")
    other = empty_place("second")
    names = [name for name in place.files if "/.0" not in name]
    for name in names:
        (other.folder / name).parent.mkdir(parents=True)
    (other.folder / names[0]).write_bytes((place.folder / names[0]).read_bytes())
    (other.folder / names[1]).write_text("another file")
    with other.used(), pytest.raises(BackupRefusedError, match="other content"):
        restore(tmp_path / "b.zip")
    assert (other.folder / names[1]).read_text() == "another file"
    (other.folder / names[1]).unlink()
    with other.used():
        restore(tmp_path / "b.zip")
    assert other.files == {name: place.files[name] for name in names}


def _cut(at: float) -> Callable[[Path, Path], None]:
    def cut(good: Path, bad: Path) -> None:
        content = good.read_bytes()
        bad.write_bytes(content[: int(len(content) * at)])

    return cut


def _flip(name: str) -> Callable[[Path, Path], None]:
    def flip(good: Path, bad: Path) -> None:
        content = bytearray(good.read_bytes())
        with zipfile.ZipFile(good) as archive:
            info = archive.getinfo(name)
        content[info.header_offset + 30 + len(name) + 20 + info.compress_size // 2] ^= 4
        bad.write_bytes(content)

    return flip


def _around(before: bytes, after: bytes) -> Callable[[Path, Path], None]:
    return lambda good, bad: bad.write_bytes(before + good.read_bytes() + after) and None


def _changed(change: Callable[[dict[str, bytes]], None]) -> Callable[[Path, Path], None]:
    """The archive packed again with other entries."""

    def pack(good: Path, bad: Path) -> None:
        content = entries(good)
        change(content)
        write(bad, content)

    return pack


def _without(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda content: content.pop(name) and None


def _with(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda content: content.update({name: b"more"})


def _one_row(content: dict[str, bytes]) -> None:
    content[TABLE] = content[TABLE].replace(b"Omar Haddad", b"Omar Hadded", 1)


def _told(table: str, change: Callable[[bytes], bytes]) -> Callable[[dict[str, bytes]], None]:
    """A changed table, with the manifest brought to say the same."""

    def tell(content: dict[str, bytes]) -> None:
        changed = change(content[table])
        assert changed != content[table]
        content[table] = changed
        manifest = json.loads(content["manifest.json"])
        said = manifest["tables"][table.removeprefix("tables/").removesuffix(".jsonl")]
        said["sha256"], said["rows"] = sha256(changed).hexdigest(), changed.count(b"\n")
        content["manifest.json"] = json.dumps(manifest).encode()

    return tell


def _said(**values: Any) -> Callable[[dict[str, bytes]], None]:
    def say(content: dict[str, bytes]) -> None:
        content["manifest.json"] = json.dumps(json.loads(content["manifest.json"]) | values).encode()

    return say


def _linked(good: Path, bad: Path) -> None:
    content = entries(good)
    name = next(name for name in content if name.startswith("evidence/"))
    with zipfile.ZipFile(bad, "w") as archive:
        for each, data in content.items():
            info = zipfile.ZipInfo(each)
            info.external_attr = ((stat.S_IFLNK if each == name else stat.S_IFREG) | 0o600) << 16
            archive.writestr(info, data)


def _twice(good: Path, bad: Path) -> None:
    content = entries(good)
    write(bad, content)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(bad, "a") as archive:
        archive.writestr(TABLE, content[TABLE])


def _dense(good: Path, bad: Path) -> None:
    content = entries(good)
    content[f"evidence/{'0' * 8}-0000-0000-0000-{'0' * 12}/zeros"] = bytes(70_000_000)
    write(bad, content)


def _no_archive(_good: Path, bad: Path) -> None:
    bad.write_text("PK is how it would begin")


def _database(_good: Path, bad: Path) -> None:
    with sqlite3.connect(bad) as file:
        file.execute("CREATE TABLE t (x)")


def _cut_row(lines: bytes) -> bytes:
    return lines[: lines.rstrip(b"\n").rfind(b"\n") + 1]


FOREIGN = f"evidence/{'0' * 8}-0000-0000-0000-{'0' * 12}"
BAD = {
    "cut early": (_cut(0.3), "damaged, cut off"),
    "cut late": (_cut(0.99), "damaged, cut off"),
    "a bit of a table flipped": (_flip(TABLE), "person.*damaged"),
    "a bit of the manifest flipped": (_flip("manifest.json"), "damaged|manifest"),
    "something before": (_around(b"#!/bin/sh\n", b""), "before or behind"),
    "something behind": (_around(b"", b"more"), "before or behind"),
    "no archive": (_no_archive, "no backup"),
    "another file": (_database, "no backup"),
    "a table missing": (_changed(_without(TABLE)), "orgs.person.*missing"),
    "the manifest missing": (_changed(_without("manifest.json")), "manifest.json"),
    "a file more": (_changed(_with(f"{FOREIGN}/more.csv")), "more.csv.*not named"),
    "an absolute path": (_changed(_with("/etc/cron.d/x")), "no name of an entry"),
    "a path upwards": (_changed(_with(f"{FOREIGN}/../../../x")), "no name of an entry"),
    "a path with a backslash": (_changed(_with(f"{FOREIGN}/..\\x")), "no name of an entry"),
    "a link": (_linked, "link"),
    "an entry twice": (_twice, "twice"),
    "an entry too dense": (_dense, "unpack"),
    "one row changed": (_changed(_one_row), "orgs.person.*not what the manifest says"),
    "one column changed, and the manifest": (
        _changed(_told(TABLE, lambda lines: lines.replace(b"Omar Haddad", b"Omar Hadded"))),
        "does not verify",
    ),
    "one version changed, and the manifest": (
        _changed(_told(VERSIONS, lambda lines: lines.replace(b"Omar Haddad", b"Omar Hadded"))),
        "does not verify",
    ),
    "the last version cut, and the manifest": (_changed(_told(VERSIONS, _cut_row)), "does not verify"),
    "the last person cut, and the manifest": (_changed(_told(TABLE, _cut_row)), "orgs|missing"),
    "a row of other columns": (
        _changed(_told(TABLE, lambda lines: lines.replace(b'"title"', b'"Title"', 1))),
        "row 1 is none of this table",
    ),
    "another product": (_changed(_said(format="other backup")), "format"),
    "another version of the format": (_changed(_said(format_version=2)), "format_version"),
    "other migrations": (_changed(_said(migrations={"orgs": ["0001_initial", "0999_new"]})), "with other tables"),
    "another trail": (_changed(_said(organisations={})), "not those of the manifest"),
}


@pytest.fixture(scope="module")
def good(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the installation that `place` is."""
    folder = tmp_path_factory.mktemp("good")
    shutil.copy(template / "file.sqlite3", folder)
    place = founded(Place(folder))
    with place.used():
        return backup(folder / "good.zip").path


@pytest.mark.parametrize(("spoil", "message"), BAD.values(), ids=BAD)
def test_what_is_no_whole_backup_leaves_nothing_behind(
    spoil: Callable[[Path, Path], None],
    message: str,
    good: Path,
    empty_place: Callable[[str], Place],
    tmp_path: Path,
):
    spoil(good, tmp_path / "bad.zip")
    other = empty_place("second")
    with other.used():
        with pytest.raises(BackupRefusedError, match=message):
            restore(tmp_path / "bad.zip")
        assert (Organisation.objects.exists(), other.files) == (False, {})
