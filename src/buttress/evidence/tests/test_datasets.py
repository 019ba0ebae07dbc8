from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from buttress.evidence.data.datasets import DatasetDeclaration, dataset_schemas, resolve
from buttress.evidence.data.snapshots import Snapshot, read_snapshot, snapshots_of
from buttress.formats.problems import ProblemsError

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

ZONE = ZoneInfo("Europe/Amsterdam")
NAMED = 'effective_at: {from: file_name, pattern: "users-(?P<date>[0-9-]+)"}'
USERS = f"""
users:
  path: evidence/users-*.csv
  format: csv
  key: [id]
  columns:
    id: {{type: text, nullable: false}}
    seats: {{type: integer}}
    price: {{type: decimal, scale: 2}}
    active: {{type: boolean, from: state, map: {{"on": "true", "*": "false"}}}}
    kind: {{type: text, values: [human, service]}}
    seen_at: {{type: timestamp, from: Last seen, zone: Europe/Amsterdam}}
  {NAMED}
"""
HEADER = "id,seats,price,state,kind,Last seen,ignored\n"
Declare = Callable[[str], Mapping[str, DatasetDeclaration]]


def snapshot(register: "Register", text: str = USERS) -> Snapshot:
    """The newest snapshot of the only data set."""
    register.declare(text)
    (dataset,) = register.datasets.values()
    return read_snapshot(register.folder, dataset, snapshots_of(register.folder, dataset, ZONE)[-1], ZONE)


def test_a_csv_is_read_under_its_declared_columns(register: "Register") -> None:
    register.put("evidence/users-2026-06-30.csv", HEADER + "a,3,1.5,on,human,2026-06-30 08:00:00,x\nb,,,off,,,\n")
    found = snapshot(register)
    assert found.problems == ()
    assert found.table is not None
    assert found.table.rows == (
        ("a", 3, Decimal("1.50"), True, "human", datetime(2026, 6, 30, 6, tzinfo=UTC)),
        ("b", None, None, False, None, None),
    )
    assert (found.rows, found.null_keys, found.repeated_keys, found.distinct_keys) == (2, 0, 0, 2)


def test_every_bad_cell_is_named_by_file_line_and_column_and_no_row_is_left_out(register: "Register") -> None:
    rows = 'a,x,1.5,on,human,,"two\nlines"\n,3,1.555,on,robot,yesterday,\nc,1,1,on,human,,\n'
    register.put("evidence/users-2026-06-30.csv", HEADER + rows)
    found = snapshot(register)
    assert (found.table, found.rows) == (None, 0)
    assert [(p.file, p.line, p.field) for p in found.problems] == [
        ("evidence/users-2026-06-30.csv", 2, "column seats"),
        ("evidence/users-2026-06-30.csv", 4, "column id"),
        ("evidence/users-2026-06-30.csv", 4, "column kind"),
        ("evidence/users-2026-06-30.csv", 4, "column price"),
        ("evidence/users-2026-06-30.csv", 4, "column seen_at"),
    ]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"id,seats\na,1\n", "no column 'price'"),
        (HEADER.encode() + b"a,1\n", "2 fields"),
        (HEADER.encode() + b'a,1,1,on,human,,"open\n', "bad CSV"),
        (HEADER.encode() + b"\xff,1,1,on,human,,\n", "the byte 0xFF"),
        (HEADER.encode().replace(b",", b";"), "one column"),
        (b"id,ID," + HEADER.encode(), "again"),
        (HEADER.encode() + b"a\x00,1,1,on,human,,\n", "U+0000"),
    ],
)
def test_a_damaged_file_gives_a_problem_and_never_fewer_rows(register: "Register", content: bytes, found: str) -> None:
    register.put("evidence/users-2026-06-30.csv", content)
    read = snapshot(register)
    assert read.table is None
    assert any(found in problem.found for problem in read.problems)


def test_json_lines_are_read_by_dotted_paths_and_lists_by_their_length(register: "Register") -> None:
    text = USERS.replace("users-*.csv", "users-*.jsonl").replace("format: csv", "format: jsonl")
    text = text.replace("seats: {type: integer}", "seats: {type: integer, from: profile.seats}")
    text = text.replace('from: state, map: {"on": "true", "*": "false"}', 'from: factors, map: {"0": false, "*": true}')
    lines = [
        '{"id": "a", "profile": {"seats": 3}, "price": 1.50, "factors": ["otp"], "kind": "human",'
        ' "Last seen": "2026-06-30T08:00:00Z"}',
        '{"id": "b", "profile": {}, "price": null, "factors": [], "kind": null, "Last seen": null}',
    ]
    register.put("evidence/users-2026-06-30.jsonl", "\n\n".join(lines))
    found = snapshot(register, text)
    assert found.problems == ()
    assert found.table is not None
    assert [row[:5] for row in found.table.rows] == [
        ("a", 3, Decimal("1.50"), True, "human"),
        ("b", None, None, False, None),
    ]


def test_a_bad_line_of_json_is_named(register: "Register") -> None:
    columns = "key: [id]\n  columns: {id: {type: text}}"
    text = f"users:\n  path: evidence/users-*.jsonl\n  format: jsonl\n  {columns}\n  {NAMED}\n"
    register.put("evidence/users-2026-06-30.jsonl", '{"id": "a"}\n{"id": {"x": 1}}\n[1]\n')
    assert [(p.line, p.found) for p in snapshot(register, text).problems] == [
        (2, "a mapping of 1 key"),
        (3, "a list of 1 item"),
    ]


def test_null_and_repeated_keys_are_counted(register: "Register") -> None:
    text = f"""
users:
  path: evidence/users-*.csv
  format: csv
  key: [system, id]
  columns: {{system: {{type: text}}, id: {{type: text}}}}
  {NAMED}
"""
    register.put("evidence/users-2026-06-30.csv", "system,id\ncrm,a\ncrm,a\ncrm,\n,a\ncrm,b\n")
    found = snapshot(register, text)
    assert (found.null_keys, found.repeated_keys, found.distinct_keys) == (2, 1, 2)


def test_a_shipped_schema_lets_a_nullable_column_be_absent_but_no_other(register: "Register") -> None:
    text = f"idp_accounts:\n  path: evidence/users-*.csv\n  format: csv\n  {NAMED}\n"
    register.put("evidence/users-2026-06-30.csv", "account_id,kind,status,mfa_enrolled\na,human,active,true\n")
    found = snapshot(register, text)
    assert "mfa_strong" in found.absent
    assert "mfa_enrolled" not in found.absent
    register.put("evidence/users-2026-06-30.csv", "account_id,kind,mfa_enrolled\na,human,true\n")
    assert ["column status" in f"column {p.field}" for p in snapshot(register, text).problems] == [True]


def test_the_organisation_may_state_a_column_that_its_source_lacks(register: "Register") -> None:
    text = f"""
idp_accounts:
  path: evidence/users-*.csv
  format: csv
  columns: {{kind: {{value: human}}, vaulted: {{value: "false"}}}}
  {NAMED}
"""
    register.put("evidence/users-2026-06-30.csv", "account_id,status\na,active\nb,disabled\n")
    found = snapshot(register, text)
    assert found.table is not None
    names = found.table.schema.names
    assert {(row[names.index("kind")], row[names.index("vaulted")]) for row in found.table.rows} == {("human", False)}
    assert "vaulted" not in found.absent


@pytest.mark.parametrize(
    ("name", "effective_at"),
    [
        ("users-2026-06-30.csv", "2026-06-30T23:59:59.999999+02:00"),
        ("users-20260630.csv", None),
        ("users-2026-01-31.csv", "2026-01-31T23:59:59.999999+01:00"),
        ("users-2026-02-30.csv", None),
        ("users-.csv", None),
    ],
)
def test_a_date_in_a_name_is_the_end_of_that_local_day(
    register: "Register", name: str, effective_at: str | None
) -> None:
    pattern = "[0-9-]+" if "-" in name[6:] else "[0-9]+"
    register.put(f"evidence/{name}", HEADER)
    register.declare(USERS.replace("[0-9-]+", pattern))
    (file,) = snapshots_of(register.folder, register.datasets["users"], ZONE)
    if name == "users-20260630.csv":
        effective_at = "2026-06-30T23:59:59.999999+02:00"
    assert (file.effective_at.isoformat() if file.effective_at else None) == effective_at
    assert (file.problem is None) == (effective_at is not None)


def test_files_are_ordered_by_what_they_speak_of_and_not_by_their_names(register: "Register") -> None:
    text = USERS.replace(NAMED, "effective_at: {from: receipt}")
    for name, moment in (("a", "2026-06-30T06:00:00Z"), ("b", "2026-06-01"), ("c", "2026-06-30T05:00:00Z")):
        register.put(f"evidence/users-{name}.csv", HEADER)
        register.put(f"evidence/users-{name}.csv.receipt.yaml", f"receipt: {{effective_at: {moment!r}}}\n")
    register.declare(text)
    files = snapshots_of(register.folder, register.datasets["users"], ZONE)
    assert [file.name[-5] for file in files] == ["b", "c", "a"]


def test_the_oldest_value_of_a_column_dates_a_file(register: "Register") -> None:
    text = USERS.replace(NAMED, "effective_at: {from: column, column: seen_at}")
    rows = "a,1,1,on,human,2026-06-30 08:00,\nb,1,1,on,human,2026-06-29 08:00,\n"
    register.put("evidence/users-x.csv", HEADER + rows)
    found = snapshot(register, text)
    assert found.effective_at == datetime(2026, 6, 29, 6, tzinfo=UTC)
    assert found.effective_at.utcoffset() == timedelta(hours=2)


def test_a_link_that_leads_out_of_the_folder_is_refused(
    register: "Register", tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.csv"
    secret.write_text(HEADER)
    register.put("evidence/readme.txt", "")
    (register.folder / "evidence" / "users-2026-06-30.csv").symlink_to(secret)
    register.declare(USERS)
    (file,) = snapshots_of(register.folder, register.datasets["users"], ZONE)
    assert file.effective_at is None
    assert file.problem is not None
    assert "link" in file.problem.found


@pytest.mark.parametrize(
    ("change", "field", "found"),
    [
        (("path: evidence/users-*.csv", "path: evidence/../users-*.csv"), "users.path", "evidence/.."),
        (("path: evidence/users-*.csv", "path: /etc/passwd"), "users.path", "/etc/passwd"),
        (("key: [id]", "key: [uid]"), "users.key", "'uid'"),
        (("key: [id]", "key: [id, id]"), "users.key", "'id'"),
        (("  key: [id]\n", ""), "users.key", "nothing"),
        (("seats: {type: integer}", "seats: {type: float}"), "users.columns.seats.type", "'float'"),
        (("seats: {type: integer}", "seats: {}"), "users.columns.seats.type", "nothing"),
        (("seats: {type", "Seats: {type"), "users.columns.Seats", "'Seats'"),
        (("price: {type: decimal, scale: 2}", "price: {type: decimal}"), "users.columns.price.scale", "nothing"),
        (("zone: Europe/Amsterdam", "zone: Europe/Atlantis"), "users.columns.seen_at.zone", "'Europe/Atlantis'"),
        (("(?P<date>[0-9-]+)", "(?P<date>(a+)+)"), "users.effective_at.pattern", "(a+)+"),
        (("(?P<date>[0-9-]+)", "[0-9-]+"), "users.effective_at.pattern", "users-"),
        (("format: csv", "format: xls"), "users.format", "'xls'"),
        (("format: csv", "format: prowler_csv"), "users.format", "prowler_csv"),
        (("format: csv", "format: csv\n  universe: [a]"), "users.universe", "kind file"),
        (("format: csv", "format: csv\n  schema: nowhere"), "users.schema", "'nowhere'"),
        (("  path", "  colour: red\n  path"), "users.colour", "unknown field 'colour'"),
        (("users:", "Users-2:"), "Users-2", "'Users-2'"),
    ],
)
def test_what_is_wrong_with_a_data_set_has_its_field(
    declare: Declare, change: tuple[str, str], field: str, found: str
) -> None:
    assert change[0] in USERS
    with pytest.raises(ProblemsError) as error:
        declare(USERS.replace(*change))
    problem = error.value.problems[0]
    assert problem.line is not None
    assert (problem.file, problem.field) == ("datasets.yaml", field)
    assert found in problem.found


def test_own_columns_add_to_a_shipped_schema(declare: Declare) -> None:
    text = f"""
idp_accounts:
  path: evidence/users-*.jsonl
  format: jsonl
  columns: {{email: {{from: profile.email}}, region: {{type: text}}}}
  {NAMED}
"""
    described = resolve(declare(text)["idp_accounts"])
    assert described.rules["email"].source == "profile.email"
    assert described.schema.key == ("account_id",)
    assert described.schema.names[-1] == "region"
    assert "email" not in described.optional
    assert "mfa_strong" in described.optional


def test_every_shipped_schema_has_its_key_among_columns_that_are_never_null() -> None:
    for name, schema in dataset_schemas().items():
        for column in schema.key:
            found = schema.column(column)
            assert found is not None, name
            assert not found.nullable, (name, column)
