"""Which columns a name may mean: the sources of each SELECT with the type and nullability of their columns.

A scope belongs to one SELECT. Its sources are the run's tables, derived tables and common table expressions; a subquery
in EXISTS also sees the scope around it. Columns from the right side of a left join may be null whatever their schema.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlglot import exp

from buttress.evidence.data.tables import Column, ColumnType, Schema


class SqlType(StrEnum):
    """Type of an expression: those of columns, and those that only expressions have."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    INTERVAL = "interval"
    NULL = "null"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column as a query sees it; `values` is the closed list of its texts, empty where open."""

    name: str
    type: SqlType
    nullable: bool
    values: tuple[str, ...] = ()


Columns = Mapping[str, SourceColumn]


@dataclass(slots=True)
class Scope:
    """Sources of one SELECT by alias, and for base tables the schema of each. `outer` is the scope around EXISTS."""

    sources: dict[str, Columns] = field(default_factory=dict)
    schemas: dict[str, Schema] = field(default_factory=dict)
    outer: "Scope | None" = None
    is_open: bool = False
    """True where a source could not be read, so that unknown names must not be reported twice."""

    def find(self, column: exp.Expr) -> list[SourceColumn]:
        """All columns that this reference may mean: none is unknown, several are ambiguous."""
        name, table = column.name.lower(), str(column.args["table"].name).lower() if column.args.get("table") else ""
        found = [
            columns[name]
            for alias, columns in self.sources.items()
            if name in columns and (not table or alias == table)
        ]
        if not found and self.outer is not None and (not table or table not in self.sources):
            return self.outer.find(column)
        return found

    def names(self, table: str = "") -> list[str]:
        """Names that would be understood here, for advice."""
        if table and table in self.sources:
            return sorted(self.sources[table])
        own = {name for columns in self.sources.values() for name in columns}
        return sorted(own | set(self.outer.names() if self.outer else ()))

    def hides(self) -> bool:
        return self.is_open or (self.outer is not None and self.outer.hides())


def schema_columns(schema: Schema) -> dict[str, SourceColumn]:
    return {column.name.lower(): _source_column(column) for column in schema.columns}


def _source_column(column: Column) -> SourceColumn:
    return SourceColumn(column.name, SqlType(ColumnType(column.type).value), column.nullable, column.values)


Describe = Callable[[exp.Expr, Scope], tuple[SqlType, bool]]
"""Type and nullability of an expression in a scope."""


class Scopes:
    """The scope of every SELECT of a tree, found from the outside inwards.

    `describe` gives type and nullability of a projected expression. Raises nothing: what cannot be understood leaves
    its scope open, and the rules over constructs have reported it.
    """

    def __init__(self, tree: exp.Expr, tables: Mapping[str, Schema], describe: Describe) -> None:
        self._tables = {name.lower(): schema for name, schema in tables.items()}
        self._describe = describe
        self._scopes: dict[int, Scope] = {}
        self._read(tree, None, {})

    def of(self, node: exp.Expr) -> Scope:
        """The scope in which a node's columns are looked up: that of the SELECT around it."""
        select = node if isinstance(node, exp.Select) else node.find_ancestor(exp.Select)
        return self._scopes.get(id(select), Scope(is_open=True))

    def _read(
        self, query: exp.Expr | None, outer: Scope | None, ctes: Mapping[str, Columns]
    ) -> dict[str, SourceColumn]:
        """Read a query and the queries in it; its output columns by name."""
        while isinstance(query, exp.Subquery | exp.Paren):
            query = query.this
        if not isinstance(query, exp.Select):
            return {}
        visible = dict(ctes)
        with_clause = query.args.get("with_")
        for cte in with_clause.expressions if with_clause is not None else ():
            visible[cte.alias.lower()] = self._renamed(self._read(cte.this, None, visible), cte)
        scope = Scope(outer=outer)
        self._scopes[id(query)] = scope
        self._add_sources(query, scope, visible)
        for subquery in _direct_subqueries(query):
            self._read(subquery, scope, visible)
        return self._outputs(query, scope)

    def _add_sources(self, query: exp.Select, scope: Scope, ctes: Mapping[str, Columns]) -> None:
        first = query.args.get("from_")
        if first is not None:
            self._add_source(first.this, scope, ctes)
        for join in query.args.get("joins") or ():
            self._add_source(join.this, scope, ctes, is_optional=join.side == "LEFT")

    def _add_source(
        self, source: exp.Expr, scope: Scope, ctes: Mapping[str, Columns], is_optional: bool = False
    ) -> None:
        name, alias = source.name.lower(), source.alias_or_name.lower()
        columns: Columns = {}
        if isinstance(source, exp.Table) and name in ctes:
            columns = ctes[name]
        elif isinstance(source, exp.Table) and name in self._tables:
            columns = schema_columns(self._tables[name])
            scope.schemas[alias] = self._tables[name]
        elif isinstance(source, exp.Subquery):
            columns = self._renamed(self._read(source.this, None, ctes), source)
        if not columns:
            scope.is_open = True
        if is_optional:
            columns = {key: SourceColumn(c.name, c.type, True, c.values) for key, c in columns.items()}
        scope.sources[alias] = columns

    def _outputs(self, query: exp.Select, scope: Scope) -> dict[str, SourceColumn]:
        outputs = {}
        for projection in query.expressions:
            name = projection.alias_or_name.lower()
            inner = projection.unalias()
            kind, nullable = self._describe(inner, scope)
            found = scope.find(inner) if isinstance(inner, exp.Column) else []
            outputs[name] = SourceColumn(name, kind, nullable, found[0].values if len(found) == 1 else ())
        return outputs

    def _renamed(self, columns: dict[str, SourceColumn], source: exp.Expr) -> dict[str, SourceColumn]:
        alias = source.args.get("alias")
        names = [identifier.name.lower() for identifier in (alias.args.get("columns") or ())] if alias else []
        if not names:
            return columns
        return {
            name: SourceColumn(name, c.type, c.nullable, c.values)
            for name, c in zip(names, columns.values(), strict=False)
        }


def _direct_subqueries(query: exp.Select) -> list[exp.Expr]:
    """SELECTs inside the expressions of a SELECT (EXISTS and the like), not those in FROM, JOIN or WITH, nor deeper."""
    found: list[exp.Expr] = []
    for key, value in query.args.items():
        if key in ("from_", "with_"):
            continue
        for part in value if isinstance(value, list) else [value]:
            if not isinstance(part, exp.Expr):
                continue
            node = part.args.get("on") if isinstance(part, exp.Join) else part
            if isinstance(node, exp.Expr):
                found.extend(_topmost_selects(node))
    return found


def _topmost_selects(node: exp.Expr) -> list[exp.Expr]:
    return [found for found in node.walk(prune=lambda n: isinstance(n, exp.Select)) if isinstance(found, exp.Select)]
