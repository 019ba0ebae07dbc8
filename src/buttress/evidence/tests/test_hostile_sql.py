"""Attacks in SQL through the real child: nothing is read, written or reached, and whoever asks goes on working."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from buttress.evidence.data.tables import Column, ColumnType, Schema, Table
from buttress.evidence.locked.answers import Heard
from buttress.evidence.locked.asking import GRACE_SECONDS, Ending, RunFiles, ask_child
from buttress.evidence.locked.run_database import write_database
from buttress.evidence.locked.runner import QueryCounts, QueryError, TestQuery, run_queries
from buttress.evidence.sql.guard import guard
from buttress.evidence.sql.text import RefusedSqlError
from buttress.evidence.tests.hostile_sql import HOSTILE

NOW = datetime(2026, 6, 30, tzinfo=UTC)
SECRET = "s3cret-of-another"
SCHEMA = Schema(
    (Column("account_id", ColumnType.TEXT, nullable=False), Column("mfa", ColumnType.BOOLEAN)), ("account_id",)
)
ROWS = tuple((f"a{n}", n % 3 > 0) for n in range(60))
WORKERS = Table("workers", Schema((Column("worker_id", ColumnType.TEXT),), ("worker_id",)), (("w1",),))
HONEST = TestQuery(
    test_id="honest",
    source="accounts",
    also=(),
    key=("account_id",),
    as_of=NOW,
    period_start=NOW - timedelta(days=90),
    period_end=NOW,
    population="true",
    fail="not coalesce(mfa, false)",
)
SCHEMAS = {"accounts": SCHEMA, "workers": WORKERS.schema}
HELD = ("reading files", "writing files", "network, extensions", "change")
"""Classes that the settings and the fence stop by themselves; the others rest on the guard before them."""
HARMLESS = frozenset(
    {
        "",
        ";;",
        "begin",
        "commit",
        "prepare p as select 1",
        "call pragma_version()",
        "select 1; drop table accounts",
    }
)
"""Of these classes, what changes and shows nothing even where it runs, and what is several statements."""
DEADLINE = 3.0
QUICK = 3


@dataclass
class Place:
    """The folder of a run with a secret beside its database, and a listener that nobody should reach."""

    database: Path
    listener: socket.socket
    connections: list[str]

    def honest(self) -> QueryCounts | QueryError:
        (found,) = run_queries(self.database, [HONEST], SCHEMAS, allow_without_landlock=True)
        return replace(found, elapsed=0.0) if isinstance(found, QueryCounts) else found

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.database.parent.iterdir()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("run")
    write_database(folder / "run.duckdb", [Table("accounts", SCHEMA, ROWS), WORKERS])
    (folder / "secret.csv").write_text(f"secret\n{SECRET}\n")
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[str] = []

    def listen() -> None:
        while True:
            try:
                connection, address = listener.accept()
            except OSError:
                return
            connections.append(str(address))
            connection.close()

    threading.Thread(target=listen, daemon=True).start()
    yield Place(folder / "run.duckdb", listener, connections)
    listener.close()


def aimed(text: str, place: Place) -> str:
    """The attack with real targets: files that are there, and an address where somebody listens."""
    port = place.listener.getsockname()[1]
    text = text.replace("127.0.0.1:9", f"127.0.0.1:{port}").replace("x.csv'", "secret.csv'")
    return text.replace("'secret.csv", f"'{place.database.parent}/secret.csv").replace(
        "../run.duckdb", str(place.database)
    )


def attacks(*kinds: str, step: int = 1) -> list[str]:
    return [text for kind in kinds or HOSTILE for text in HOSTILE[kind][::step]]


def asked_raw(place: Place, texts: Sequence[str]) -> list[tuple[Heard, Ending | None, float]]:
    """Each text in a child of its own, past linter and guard: what it said, how it ended, and after how many seconds."""
    answers = []
    for text in texts:
        started = time.monotonic()
        entry = {"counts": aimed(text, place), "failing": "select 1", "failing_position": 0}
        (heard,), ending = ask_child(RunFiles(place.database), [entry], DEADLINE)
        answers.append((heard, ending, time.monotonic() - started))
    return answers


def check_raw(place: Place, texts: Sequence[str]) -> None:
    before, expected = place.files(), place.honest()
    assert isinstance(expected, QueryCounts)
    held = {text for kind in HELD for text in HOSTILE[kind]} - HARMLESS
    for text, (heard, ending, seconds) in zip(texts, asked_raw(place, texts), strict=True):
        assert seconds < DEADLINE + GRACE_SECONDS + 1, text
        if text in held:
            assert heard.error is not None or ending is not None or not heard.counts, text
        assert SECRET not in str(heard), text
    assert place.files() == before
    assert place.honest() == expected
    assert place.connections == []
    assert [
        path for path in map(Path, ("/tmp/x", "/tmp/x.csv", "/tmp/x.parquet", "/tmp/new.duckdb")) if path.exists()
    ] == []


def check_whole(place: Place, texts: Sequence[str]) -> None:
    """Through everything that a declared test goes through, in one run with an honest test."""
    row_form = replace(HONEST, fail=None, population=None, population_rows="select account_id from accounts")
    queries = [HONEST]
    for n, text in enumerate(aimed(each, place) for each in texts):
        queries.append(replace(row_form, test_id=f"rows-{n}", failing_rows=text))
        queries.append(replace(HONEST, test_id=f"fail-{n}", fail=text))
        queries.append(replace(HONEST, test_id=f"exists-{n}", fail=f"exists ({text})"))
        queries.append(replace(HONEST, test_id=f"or-{n}", population=f"true or ({text}) is null"))
    before, expected = place.files(), place.honest()
    found = run_queries(
        place.database, [*queries, replace(HONEST, test_id="last")], SCHEMAS, allow_without_landlock=True
    )
    for query, answer in zip(queries[1:], found[1:-1], strict=True):
        assert isinstance(answer, QueryError), query
        assert answer.reason_code == "refused", query
        assert SECRET not in answer.detail
    honest = [
        replace(each, elapsed=0.0, test_id="honest") for each in (found[0], found[-1]) if isinstance(each, QueryCounts)
    ]
    assert honest == [expected, expected]
    assert place.files() == before


def test_there_are_a_hundred_attacks_of_every_class() -> None:
    texts = attacks()
    assert len(texts) == len(set(texts)) >= 100
    assert len(HOSTILE) == 11


def test_some_of_each_class_reach_nothing_even_past_the_guard(place: Place) -> None:
    check_raw(place, [text for kind in HELD for text in HOSTILE[kind][:QUICK]])


def test_some_of_each_class_are_refused_in_a_run_that_goes_on(place: Place) -> None:
    check_whole(place, [text for texts in HOSTILE.values() for text in texts[:QUICK]])


@pytest.mark.faults
@pytest.mark.parametrize("kind", HOSTILE)
def test_no_attack_reaches_anything_even_past_the_guard(place: Place, kind: str) -> None:
    check_raw(place, HOSTILE[kind])


@pytest.mark.faults
def test_every_attack_is_refused_in_a_run_that_goes_on(place: Place) -> None:
    check_whole(place, attacks())


# ---- what the guard lets pass, and a person who explores may ask ------------------------------------------------------

GREEDY = [
    "select count(*) from accounts a" + "".join(f", accounts {letter}" for letter in "bcdefghijkl"),
    "select count(distinct concat(a.account_id, b.account_id, c.account_id, d.account_id, e.account_id))"
    " from accounts a, accounts b, accounts c, accounts d, accounts e",
    "select len(list(a.account_id)) from accounts a, accounts b, accounts c, accounts d, accounts e, accounts f",
    "select length(string_agg(a.account_id, '')) from accounts a, accounts b, accounts c, accounts d, accounts e",
    "select max(n) from (select row_number() over (order by concat(a.account_id, b.account_id, c.account_id)) as n"
    " from accounts a, accounts b, accounts c, accounts d)",
    "select count(*) from accounts a, accounts b, accounts c where regexp_matches("
    "concat(a.account_id, b.account_id, c.account_id), '(a*)*(a*)*(a*)*b')",
    "select median(length(replace(account_id, 'a', '" + "a" * 9000 + "'))) from accounts",
]
LEAKS = [
    "select cast(account_id as integer) from accounts",
    "select cast(concat('s3cret ', account_id) as date) from accounts",
    "select strptime(account_id, '%Y') from accounts",
    "select make_date(length(account_id), 99, 99) from accounts",
]


@pytest.mark.faults
@pytest.mark.parametrize("text", GREEDY)
def test_what_asks_for_too_much_is_stopped_in_time(place: Place, text: str) -> None:
    printed, expected = guard(text, tables=("accounts",)), place.honest()
    started = time.monotonic()
    entry = {"counts": printed, "failing": "select 1", "failing_position": 0}
    (heard,), ending = ask_child(RunFiles(place.database), [entry], DEADLINE)
    assert time.monotonic() - started < DEADLINE + GRACE_SECONDS + 1
    assert heard.error is not None or ending is not None or heard.counts is not None
    assert place.honest() == expected


@pytest.mark.parametrize("text", LEAKS)
def test_no_cell_stands_in_the_text_of_an_error(place: Place, text: str) -> None:
    entry = {"counts": guard(text, tables=("accounts",)), "failing": "select 1", "failing_position": 0}
    (heard,), _ = ask_child(RunFiles(place.database), [entry], DEADLINE)
    assert heard.error is not None
    assert heard.error[1] == ""


@pytest.mark.parametrize(
    "value",
    ["x' or true --", "'; drop table accounts; --", "\\'; drop table accounts; --", "{{ 7 * 7 }}", "$1", ":as_of"],
)
def test_a_parameter_that_carries_sql_stays_a_text(place: Place, value: str) -> None:
    query = replace(HONEST, fail="account_id = :name", params={"name": value})
    (found,) = run_queries(place.database, [query], SCHEMAS, allow_without_landlock=True)
    assert isinstance(found, QueryCounts)
    assert (found.population, found.failing) == (len(ROWS), 0)


@pytest.mark.parametrize(
    "name", ["accounts; drop table workers", 'accounts" as x --', "main.accounts", "read_text('/etc/passwd')"]
)
def test_a_data_set_by_a_hostile_name_is_no_sql(place: Place, name: str) -> None:
    (found,) = run_queries(place.database, [replace(HONEST, source=name)], {name: SCHEMA}, allow_without_landlock=True)
    assert isinstance(found, QueryError)
    assert found.reason_code == "refused"


def test_an_edited_test_is_guarded_again_at_its_next_run(place: Place) -> None:
    """Each run guards the text that it got, whatever was approved before."""
    assert isinstance(place.honest(), QueryCounts)
    edited = replace(HONEST, fail="account_id in (select content from read_text('/etc/passwd'))")
    (found,) = run_queries(place.database, [edited], SCHEMAS, allow_without_landlock=True)
    assert isinstance(found, QueryError)
    with pytest.raises(RefusedSqlError):
        guard(edited.fail or "", tables=("accounts",))
