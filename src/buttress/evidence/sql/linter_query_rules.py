"""Rules of the portable subset over queries: names, placeholders, joins, groups, order, windows, subqueries."""

from collections.abc import Callable, Mapping
from itertools import pairwise

import sqlglot
from sqlglot import exp

from buttress.evidence.sql.column_types import flattened
from buttress.evidence.sql.linter_context import Check, Finding, Found, Rule, near, text_of
from buttress.evidence.sql.text import DIALECT

# ---- names -----------------------------------------------------------------------------------------------------------


def column_is_known(check: Check, node: exp.Column) -> Found:
    scope = check.scope(node)
    found = scope.find(node)
    if len(found) > 1:
        yield Finding(node, f"column {text_of(node)}, which several sources have", "its table before it")
    if found or isinstance(node.this, exp.Star):
        return
    table = node.table.lower()
    while table and table not in scope.sources and scope.outer is not None:
        scope = scope.outer
    if scope.sources.get(table) == {} or (not table and scope.hides()):
        return  # the source itself is unknown and has been reported
    expected = f"a column of {table or ', '.join(sorted(scope.sources)) or 'the sources'}"
    yield Finding(
        node, f"unknown column {text_of(node)}", expected, near(node.name, scope.names(table), shows_all=True)
    )


def table_is_known(check: Check, node: exp.Table) -> Found:
    if not isinstance(node.this, exp.Identifier) or node.args.get("db") is not None:
        yield Finding(
            node, text_of(node), "a dataset by its name", near(node.name, sorted(check.tables), shows_all=True)
        )
        return
    ctes = {cte.alias.lower() for cte in check.tree.find_all(exp.CTE)}
    known = {name.lower() for name in check.tables}
    if node.name.lower() not in known | ctes:
        yield Finding(
            node,
            f"unknown dataset {text_of(node.this)}",
            "a dataset of this test",
            near(node.name, sorted(known), shows_all=True),
        )


def placeholder_is_declared(check: Check, node: exp.Placeholder) -> Found:
    if node.name not in check.parameters:
        known = ", ".join(f":{name}" for name in check.parameters)
        shown = f":{node.name}" if node.args.get("this") else "?"
        yield Finding(node, f"placeholder {shown}", f"one of {known}", near(node.name, sorted(check.parameters)))


# ---- shape of a query ------------------------------------------------------------------------------------------------


def select_stands_where_allowed(check: Check, node: exp.Select) -> Found:
    if node is check.tree:
        return
    if check.form == "predicate":
        yield Finding(
            node, f"a subquery, {text_of(node)}", "a predicate over one dataset", "Use the row form for others."
        )
        return
    parent = node.parent
    while isinstance(parent, exp.Subquery | exp.Paren):
        parent = parent.parent
    if isinstance(parent, exp.Exists):
        if not isinstance(parent.find_ancestor(exp.Where, exp.Select), exp.Where):
            yield Finding(parent, f"{text_of(parent)} outside WHERE", "`exists` in WHERE")
    elif not isinstance(parent, exp.From | exp.Join | exp.CTE | exp.In):
        yield Finding(node, f"a subquery as a value, {text_of(node)}", "a join or `exists`")


def aggregate_stands_in_query(check: Check, node: exp.Expr) -> Found:
    if check.form == "predicate":
        yield Finding(node, f"{text_of(node)} in a predicate over one row", "the row form for tests over groups")


def join_is_equal(check: Check, node: exp.Join) -> Found:
    if node.side not in ("", "LEFT") or node.kind not in ("", "INNER", "OUTER") or node.method:
        yield Finding(node, f"{text_of(node)}", "an inner or left join with ON")
        return
    condition = node.args.get("on")
    if condition is None:
        advice = "Write `join … on a.x = b.x`." if node.args.get("using") is None else "Write ON instead of USING."
        yield Finding(node, f"{text_of(node)} without ON", "an inner or left join with ON", advice)
    elif not any(_links_sources(check, part) for part in flattened(condition, exp.And)):
        yield Finding(node, text_of(node), "an equality between columns of both sides in ON")


def _links_sources(check: Check, part: exp.Expr) -> bool:
    if not isinstance(part, exp.EQ | exp.NullSafeEQ):
        return False
    sides = [
        {_source_of(check, column) for column in side.find_all(exp.Column)} for side in (part.this, part.expression)
    ]
    return bool(sides[0] and sides[1]) and sides[0].isdisjoint(sides[1])


def _source_of(check: Check, column: exp.Column) -> str:
    if column.table:
        return column.table.lower()
    name = column.name.lower()
    return next((alias for alias, columns in check.scope(column).sources.items() if name in columns), "")


def with_is_plain(check: Check, node: exp.With) -> Found:
    if node.args.get("recursive"):
        yield Finding(node, "`with recursive`", "a plain `with`")
    for cte in node.expressions:
        if cte.alias.lower() in {name.lower() for name in check.tables}:
            yield Finding(cte, f"`with {cte.alias}`, which hides the dataset of that name", "another name")
        if not isinstance(cte.this, exp.Select):
            yield Finding(cte, f"`with {cte.alias}` over something else than a SELECT", "a SELECT")


def group_names_columns(check: Check, node: exp.Group) -> Found:
    del check
    if node.args.get("all"):
        yield Finding(node, "`group by all`", "the columns by name")
    for key in ("rollup", "cube", "grouping_sets", "totals"):
        if node.args.get(key):
            yield Finding(node, text_of(node), "the columns by name")
    for part in node.expressions:
        if not isinstance(part, exp.Column):
            yield Finding(part, f"{text_of(part)} in group by", "the columns by name")


def order_names_columns(check: Check, node: exp.Ordered) -> Found:
    del check
    if not isinstance(node.this, exp.Column):
        yield Finding(node, f"{text_of(node)} in order by", "the columns by name")


def window_is_row_number(check: Check, node: exp.Window) -> Found:
    if check.form == "predicate":
        yield Finding(node, f"{text_of(node)} in a predicate over one row", "the row form")
    elif not isinstance(node.this, exp.RowNumber) or node.args.get("spec") is not None or node.args.get("alias"):
        yield Finding(node, text_of(node), "`row_number() over (partition by … order by … nulls last)`")
    elif node.find_ancestor(exp.Qualify) is None:
        yield Finding(node, f"{text_of(node)} outside QUALIFY", "`qualify row_number() over (…) = 1`")
    elif (wanted := _missing_order(check, node)) is not None:
        yield Finding(node, f"{text_of(node)}, whose ties are free", "a unique order", f"Add {wanted} to the order.")


def _missing_order(check: Check, node: exp.Window) -> str | None:
    """What would make the order of a window unique: the key of one of its sources; None where it is named."""
    order = node.args.get("order")
    ordered = [part.this for part in order.expressions] if order is not None else []
    named = {part.name.lower() for part in [*(node.args.get("partition_by") or ()), *ordered]}
    keys = sorted(sorted(name.lower() for name in schema.key) for schema in check.scope(node).schemas.values())
    if ordered and (not keys or any(named.issuperset(key) for key in keys)):
        return None
    shortest: list[str] = min(keys, key=len, default=["a unique column"])
    return ", ".join(shortest)


def row_number_stands_in_window(check: Check, node: exp.RowNumber) -> Found:
    del check
    if not isinstance(node.parent, exp.Window):
        yield Finding(node, text_of(node), "`row_number() over (partition by … order by … nulls last)`")


def count_is_of_one_column(check: Check, node: exp.Count) -> Found:
    del check
    counted = node.this.expressions if isinstance(node.this, exp.Distinct) else [node.this]
    if node.expressions or len(counted) != 1:
        yield Finding(node, text_of(node), "`count(*)`, `count(x)` or `count(distinct x)` of one column")


# ---- whole tree ------------------------------------------------------------------------------------------------------


def nulls_are_ordered(check: Check) -> Found:
    """The tree always carries an order of nulls, explicit or not, so the tokens are counted."""
    ordered = list(check.tree.find_all(exp.Ordered))
    if not ordered:
        return
    texts = [token.text.lower() for token in sqlglot.tokenize(check.sql, read=DIALECT)]
    said = sum(one == "nulls" and two in ("first", "last") for one, two in pairwise(texts))
    if said < len(ordered):
        yield Finding(
            ordered[0], f"{text_of(ordered[0])} in order by without its nulls", "`nulls last` or `nulls first`"
        )


def key_comes_first(check: Check) -> Found:
    if not check.key or not isinstance(check.tree, exp.Select):
        return
    names = [projection.alias_or_name.lower() for projection in check.tree.expressions]
    wanted = [name.lower() for name in check.key]
    if names[: len(wanted)] != wanted:
        yield Finding(
            check.tree,
            f"columns {', '.join(names) or 'none'}",
            f"the key first: {', '.join(check.key)}",
            "Then display.",
        )
    if len(set(names)) != len(names) or "" in names:
        yield Finding(check.tree, f"columns {', '.join(n or '(no name)' for n in names)}", "each column named once")


QUERY_RULES: Mapping[type[exp.Expr], tuple[Rule, ...]] = {
    exp.Column: (column_is_known,),
    exp.Table: (table_is_known,),
    exp.Placeholder: (placeholder_is_declared,),
    **dict.fromkeys((exp.Sum, exp.Min, exp.Max), (aggregate_stands_in_query,)),
    exp.Count: (aggregate_stands_in_query, count_is_of_one_column),
    exp.Select: (select_stands_where_allowed,),
    exp.Join: (join_is_equal,),
    exp.With: (with_is_plain,),
    exp.Group: (group_names_columns,),
    exp.Ordered: (order_names_columns,),
    exp.Window: (window_is_row_number,),
    exp.RowNumber: (row_number_stands_in_window,),
}

TREE_RULES: tuple[Callable[[Check], Found], ...] = (nulls_are_ordered, key_comes_first)
