"""Guards on SQLite: triggers before insert, update and delete that abort the statement.

A foreign key names a row that is there already: rows are inserted in the order of their tables. `INSERT OR REPLACE`
deletes rows past all triggers where a connection leaves `recursive_triggers` off; so no kept row may meet a row that is
alike in a unique key, or in SQLite's own row number.
"""

from collections.abc import Iterator
from typing import Any

from buttress.orgs.guards.guard import PREFIX, Guard, Standing, guard_name
from buttress.orgs.guards.rules import Reference, TableRules


def guards_of(rules: TableRules) -> Iterator[Guard]:
    """The guards of one table, and the key by which rows of an organisation are found: without it SQLite reads all rows of
    the organisation where many are named."""
    name = guard_name(rules.table, "key")
    create = f'CREATE UNIQUE INDEX "{name}" ON "{rules.table}" ("{rules.organisation}", "{rules.key}")'
    yield Guard(name, rules.table, "two rows of one key", create, create)
    for event, checks in (("INSERT", _on_insert), ("UPDATE", _on_update), ("DELETE", _on_delete)):
        refusals = list(checks(rules))
        if refusals:
            name = guard_name(rules.table, event.lower())
            body = "".join(f" {_refuse(rules.table, why, where)};" for why, where in refusals)
            create = f'CREATE TRIGGER "{name}" BEFORE {event} ON "{rules.table}" BEGIN{body} END'
            yield Guard(name, rules.table, "; ".join(why for why, _ in refusals), create, create)


def standing(cursor: Any) -> list[Standing]:
    """Every guard that the database has."""
    cursor.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') AND substr(name, 1, %s) = %s",
        [len(PREFIX), PREFIX],
    )
    return [Standing(name, told, f'DROP {kind} "{name}"') for kind, name, told in cursor.fetchall()]


def _refuse(table: str, why: str, where: str) -> str:
    return f"SELECT RAISE(ABORT, '{table}: {why}') WHERE {where}"


def _on_insert(rules: TableRules) -> Iterator[tuple[str, str]]:
    for reference in rules.references:
        yield _across(reference), _names_no_row_of_its_own(rules, reference)
    here = f'SELECT 1 FROM "{rules.table}" WHERE'  # noqa: S608 - names of our own tables
    if rules.keeps_rows:
        alike = [" AND ".join(f'"{column}" = NEW."{column}"' for column in columns) for columns in rules.unique]
        for same in [*alike, "rowid = NEW.rowid"]:
            yield "a row that was recorded is never replaced", f"EXISTS ({here} {same})"
    else:
        other = f'"{rules.organisation}" <> NEW."{rules.organisation}"'
        yield _MOVED, f'EXISTS ({here} "{rules.key}" = NEW."{rules.key}" AND {other})'


def _on_update(rules: TableRules) -> Iterator[tuple[str, str]]:
    if rules.is_append_only:
        yield "a row that was recorded is never changed", "TRUE"
        return
    yield _MOVED, f"{_changes(rules.organisation)} OR {_changes(rules.key)}"
    if rules.changeable is not None:
        fixed = [column for column in rules.columns if column not in rules.changeable]
        yield "of this row nothing else may change", " OR ".join(_changes(column) for column in fixed)
    for reference in rules.references:
        elsewhere = _names_no_row_of_its_own(rules, reference)
        yield _across(reference), f"{_changes(reference.column)} AND {elsewhere}"


def _on_delete(rules: TableRules) -> Iterator[tuple[str, str]]:
    if rules.keeps_rows:
        yield "a row that was recorded is never deleted", "TRUE"


_MOVED = "a row keeps its organisation and its key"


def _across(reference: Reference) -> str:
    return f"{reference.column} names no row of the same organisation"


def _names_no_row_of_its_own(rules: TableRules, reference: Reference) -> str:
    named = f'NEW."{reference.column}"'
    own = f'"{reference.parent_key}" = {named} AND "{rules.organisation}" = NEW."{rules.organisation}"'
    return f'{named} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "{reference.parent}" WHERE {own})'  # noqa: S608 - as above


def _changes(column: str) -> str:
    return f'NEW."{column}" IS NOT OLD."{column}"'
