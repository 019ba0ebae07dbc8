"""Guards on PostgreSQL: composite keys within the organisation, and triggers that keep what was recorded.

Each statement is written as PostgreSQL's catalogue tells it, so that the two can be compared.
"""

from collections.abc import Iterator
from typing import Any

from buttress.orgs.guards.guard import PREFIX, Guard, Standing, guard_name
from buttress.orgs.guards.rules import TableRules

_REFUSAL = "USING ERRCODE = 'integrity_constraint_violation'"
_BODIES = {
    "kept": f"BEGIN RAISE EXCEPTION '%: a row that was recorded is never changed or deleted', TG_TABLE_NAME {_REFUSAL}; END",
    "same_identity": (
        "BEGIN IF NEW.organisation_id IS DISTINCT FROM OLD.organisation_id OR NEW.id IS DISTINCT FROM OLD.id THEN"
        f" RAISE EXCEPTION '%: a row keeps its organisation and its key', TG_TABLE_NAME {_REFUSAL};"
        " END IF; RETURN NEW; END"
    ),
    "only": (
        "BEGIN IF (to_jsonb(NEW) - TG_ARGV) IS DISTINCT FROM (to_jsonb(OLD) - TG_ARGV) THEN"
        f" RAISE EXCEPTION '%: of this row nothing else may change', TG_TABLE_NAME {_REFUSAL};"
        " END IF; RETURN NEW; END"
    ),
}

_CATALOGUE = """
SELECT 'function', proname, '', prosrc FROM pg_proc
 WHERE pronamespace = current_schema()::regnamespace AND starts_with(proname, %(prefix)s)
UNION ALL
SELECT 'trigger', tgname, relname, replace(pg_get_triggerdef(t.oid, true), '"', '')
       || CASE WHEN tgenabled IN ('O', 'A') THEN '' ELSE ' (disabled)' END
  FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
 WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace AND starts_with(tgname, %(prefix)s)
UNION ALL
SELECT CASE contype WHEN 'f' THEN 'reference' ELSE 'key' END, conname, relname,
       replace(pg_get_constraintdef(k.oid), '"', '')
  FROM pg_constraint k JOIN pg_class c ON c.oid = conrelid
 WHERE connamespace = current_schema()::regnamespace AND starts_with(conname, %(prefix)s)
"""

_KINDS = ("trigger", "reference", "key", "function")
"""In the order in which they can be dropped."""


def functions() -> Iterator[Guard]:
    """What the triggers of every table call."""
    for part, body in _BODIES.items():
        name = guard_name(part)
        create = f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
        yield Guard(name, "", "every change to what is kept", create, body)


def keys_of(rules: TableRules) -> Iterator[Guard]:
    """What references within the organisation rest on."""
    if rules.is_referred_to:
        key = f"UNIQUE ({rules.organisation}, {rules.key})"
        yield _constraint(rules.table, "key", key, "links to it from other organisations")


def guards_of(rules: TableRules) -> Iterator[Guard]:
    """The guards of one table; the keys of every table stand before them."""
    for reference in rules.references:
        target = f"{reference.parent}({rules.organisation}, {reference.parent_key})"
        told = (
            f"FOREIGN KEY ({rules.organisation}, {reference.column}) REFERENCES {target} DEFERRABLE INITIALLY DEFERRED"
        )
        why = f"{reference.column} that names a row of another organisation"
        yield _constraint(rules.table, reference.column, told, why)
    if rules.is_append_only:
        yield _trigger(rules.table, "kept", "BEFORE DELETE OR UPDATE OR TRUNCATE", "STATEMENT")
        return
    yield _trigger(rules.table, "same_identity", "BEFORE UPDATE", "ROW")
    if rules.keeps_rows:
        yield _trigger(rules.table, "kept", "BEFORE DELETE OR TRUNCATE", "STATEMENT")
    if rules.changeable:
        arguments = ", ".join(f"'{column}'" for column in rules.changeable)
        yield _trigger(rules.table, "only", "BEFORE UPDATE", "ROW", arguments)


def standing(cursor: Any) -> list[Standing]:
    """Every guard that the database has, in an order in which they can be dropped."""
    cursor.execute(_CATALOGUE, {"prefix": PREFIX})
    rows = sorted(cursor.fetchall(), key=lambda row: (_KINDS.index(row[0]), row[1]))
    return [Standing(name, told, _drop(kind, name, table)) for kind, name, table, told in rows]


def _constraint(table: str, part: str, told: str, why: str) -> Guard:
    name = guard_name(table, part)
    return Guard(name, table, why, f"ALTER TABLE {table} ADD CONSTRAINT {name} {told}", told)


def _trigger(table: str, part: str, events: str, level: str, arguments: str = "") -> Guard:
    name = guard_name(table, part)
    function = guard_name(part)
    told = f"CREATE TRIGGER {name} {events} ON {table} FOR EACH {level} EXECUTE FUNCTION {function}({arguments})"
    return Guard(name, table, events.removeprefix("BEFORE ").lower(), told, told)


def _drop(kind: str, name: str, table: str) -> str:
    if kind == "function":
        return f'DROP FUNCTION "{name}"()'
    if kind == "trigger":
        return f'DROP TRIGGER "{name}" ON "{table}"'
    return f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"'
