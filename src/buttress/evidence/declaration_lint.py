"""Whether a declaration fits the data sets that it reads: columns, types, and SQL within the portable subset."""

from collections.abc import Iterator, Mapping

from buttress.evidence.data.tables import ColumnType, Schema
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.evidence.sql.linter import Where, lint_sql
from buttress.formats.problems import Problem, nearest

_FINDINGS_MARK = frozenset({"check_id", "status", "suppressed"})


def lint_declaration(declaration: ControlTestDeclaration, schemas: Mapping[str, Schema]) -> list[Problem]:
    """Everything that keeps the test from running on these data sets; empty: it may run."""
    missing = list(_missing_datasets(declaration, schemas))
    if missing:
        return missing
    problems = [*_column_problems(declaration, schemas[declaration.source]), *_due_problems(declaration, schemas)]
    problems += _check_problems(declaration, schemas[declaration.source])
    read = {declaration.source, *declaration.also}
    tables = {name: schemas[name] for name in schemas if name in read}
    types = {name: ColumnType(parameter.type) for name, parameter in declaration.params.items()}
    for field, sql in declaration.sql_fields.items():
        problems += lint_sql(
            sql,
            tables=tables,
            form="predicate" if declaration.is_predicate else "select",
            parameters=types,
            where=Where(declaration.file, declaration.line_of((field,)), field),
            key=() if declaration.is_predicate else declaration.key,
        )
    return problems


def _missing_datasets(declaration: ControlTestDeclaration, schemas: Mapping[str, Schema]) -> Iterator[Problem]:
    fields: dict[str, tuple[str, ...]] = {declaration.source: ("source",)}
    fields |= {name: ("also",) for name in declaration.also}  # noqa: C420 - fromkeys narrows the type of the values
    other = declaration.completeness.compare_to
    if other is not None and other != "source_total":
        fields.setdefault(other, ("completeness", "compare_to"))
    for name, path in fields.items():
        if name not in schemas:
            advice = nearest(name, schemas) or "Declare it under `datasets:`."
            yield declaration.problem(path, repr(name), "a declared data set", advice)


def _column_problems(declaration: ControlTestDeclaration, source: Schema) -> Iterator[Problem]:
    names = [*(("key", name) for name in declaration.key)]
    if declaration.is_predicate:
        names += [("display", name) for name in declaration.display]
    for field, name in names:
        if source.column(name) is None:
            advice = nearest(name, source.names) or f"It has {', '.join(source.names)}."
            yield declaration.problem((field,), repr(name), f"a column of {declaration.source}", advice)


def _due_problems(declaration: ControlTestDeclaration, schemas: Mapping[str, Schema]) -> Iterator[Problem]:
    if declaration.due is None:
        return
    column = schemas[declaration.source].column(declaration.due.source)
    if column is None or column.type is not ColumnType.TIMESTAMP:
        found = repr(declaration.due.source) if column is None else f"{column.name}, a {column.type}"
        yield declaration.problem(("due", "from"), found, f"a timestamp column of {declaration.source}")


def _check_problems(declaration: ControlTestDeclaration, source: Schema) -> Iterator[Problem]:
    """A silent check looks like a passed one, so a test over findings says which checks it waits for."""
    is_findings = set(source.names) >= _FINDINGS_MARK
    if is_findings and not declaration.checks:
        advice = "Name the scanner's checks; one that reports nothing is then not evaluated."
        yield declaration.problem(("checks",), "nothing", "the checks that must have reported", advice)
    if declaration.checks and not is_findings:
        yield declaration.problem(("checks",), f"checks over {declaration.source}", "checks over findings only")
