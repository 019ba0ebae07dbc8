"""Rules of the portable subset over values: types, literals, patterns, and what may be null."""

import re
from collections.abc import Mapping, Sequence

from sqlglot import exp

from buttress.evidence.sql.column_types import (
    NUMBERS,
    OPEN,
    case_results,
    cast_type,
    column_text,
    flattened,
    guards_in,
    unparenthesised,
)
from buttress.evidence.sql.linter_context import Check, Finding, Found, Rule, near, text_of
from buttress.evidence.sql.portable_patterns import pattern_fault
from buttress.evidence.sql.scopes import SqlType

# ---- types -----------------------------------------------------------------------------------------------------------


def _family(kind: SqlType) -> str:
    return "number" if kind in NUMBERS else kind.value


def _compared(node: exp.Expr) -> list[exp.Expr]:
    """The operands that must be of one type."""
    if isinstance(node, exp.In):
        return [node.this, *node.expressions]
    if isinstance(node, exp.Between):
        return [node.this, node.args["low"], node.args["high"]]
    if isinstance(node, exp.Coalesce):
        return [node.this, *node.expressions]
    if isinstance(node, exp.Case):
        return case_results(node)
    return [node.this, node.args["expression"]]


def _cast_advice(kinds: set[SqlType]) -> str:
    if SqlType.TEXT in kinds and SqlType.TIMESTAMP in kinds:
        return "Write `timestamp '2026-06-30 00:00:00'`, UTC."
    if SqlType.TEXT in kinds and SqlType.DATE in kinds:
        return "Write `date '2026-06-30'`."
    if kinds >= {SqlType.DATE, SqlType.TIMESTAMP}:
        return "Write `cast(… as timestamp)` or `cast(… as date)`."
    return "Write an explicit cast."


def operands_are_of_one_type(check: Check, node: exp.Expr) -> Found:
    kinds = {check.type_of(operand) for operand in _compared(node)} - OPEN
    if len({_family(kind) for kind in kinds}) > 1:
        names = " and ".join(sorted(kind.value for kind in kinds))
        yield Finding(node, f"{text_of(node)}, which casts {names} implicitly", "one type", _cast_advice(kinds))


def nested_comparison_has_brackets(check: Check, node: exp.Expr) -> Found:
    del check
    for operand in (node.this, node.args.get("expression")):
        if isinstance(operand, exp.Predicate | exp.In | exp.Not):
            yield Finding(node, f"{text_of(node)}, which engines may bracket differently", "brackets around each part")


def value_is_declared(check: Check, node: exp.Expr) -> Found:
    """A text that the column can never hold makes a predicate that passes vacuously."""
    operands = _compared(node)
    columns = [check.scope(o).find(o) for o in operands if isinstance(o, exp.Column)]
    values = {value for found in columns if len(found) == 1 for value in found[0].values}
    if not values:
        return
    for operand in operands:
        if isinstance(operand, exp.Literal) and operand.is_string and operand.name not in values:
            listed = ", ".join(repr(value) for value in sorted(values))
            yield Finding(
                operand if "start" in operand.meta else node,
                f"value {operand.name!r}, which the column never holds",
                f"one of {listed}",
                near(operand.name, sorted(values)),
            )


def _must_be(check: Check, node: exp.Expr, wanted: frozenset[SqlType], words: str) -> Found:
    kind = check.type_of(node)
    if kind not in wanted | OPEN:
        yield Finding(node, f"{text_of(node)} of type {kind.value}", words, "Write an explicit cast.")


_BOOLEANS = frozenset({SqlType.BOOLEAN})
_TEXTS = frozenset({SqlType.TEXT})
_TIMES = frozenset({SqlType.TIMESTAMP})


def operands_are_boolean(check: Check, node: exp.Expr) -> Found:
    for operand in (node.this, node.args.get("expression")):
        if operand is not None:
            yield from _must_be(check, operand, _BOOLEANS, "a boolean")


def operands_are_text(check: Check, node: exp.Expr) -> Found:
    for operand in (node.this, node.args.get("expression")):
        if operand is not None:
            yield from _must_be(check, operand, _TEXTS, "a text")


def sum_is_of_numbers(check: Check, node: exp.Sum) -> Found:
    yield from _must_be(check, node.this, NUMBERS, "a number")


def trunc_is_of_timestamps(check: Check, node: exp.TimestampTrunc) -> Found:
    yield from _must_be(check, node.this, _TIMES, "a timestamp")
    unit = node.args["unit"].name.lower()
    if unit not in ("second", "minute", "hour", "day", "month", "quarter", "year"):
        yield Finding(node, f"{text_of(node)}, which begins differently by engine", "second to year, not weeks")


def case_conditions_are_boolean(check: Check, node: exp.Case) -> Found:
    if node.this is not None:
        yield Finding(node, f"{text_of(node)}, which compares nulls silently", "`case when … then … else … end`")
        return
    for branch in node.args.get("ifs") or ():
        yield from _must_be(check, branch.this, _BOOLEANS, "a boolean")
        yield from _null_findings(check.nullable(branch.this))


def arithmetic_is_portable(check: Check, node: exp.Expr) -> Found:
    left, right = check.type_of(node.this), check.type_of(node.args["expression"])
    kinds = {left, right} - OPEN
    if SqlType.DATE in kinds:
        yield Finding(
            node, f"{text_of(node)}, a timestamp on one engine and a date on another", "`cast(… as timestamp)` first"
        )
    elif kinds == {SqlType.TIMESTAMP}:
        yield Finding(
            node, f"{text_of(node)}, whose unit differs by engine", "a comparison, `a < b - interval '30 day'`"
        )
    elif kinds & {SqlType.TEXT, SqlType.BOOLEAN} or (kinds & _TIMES and kinds & NUMBERS):
        yield Finding(node, f"{text_of(node)}, which casts implicitly", "numbers, or a timestamp and an interval")


def division_is_decimal(check: Check, node: exp.Div) -> Found:
    kinds = {check.type_of(unparenthesised(node.this)), check.type_of(unparenthesised(node.args["expression"]))}
    if SqlType.DECIMAL not in kinds:
        yield Finding(node, f"{text_of(node)}, whole or real by engine", "`cast(a as decimal(18,6)) / b`")


def cast_is_portable(check: Check, node: exp.Cast) -> Found:
    target, inner = cast_type(node), node.this
    kind = getattr(node.args["to"].this, "name", "")
    if target is SqlType.FLOAT:
        yield Finding(node, f"{text_of(node)}, whose text form differs by engine", "a decimal with a scale")
    elif "TZ" in kind and "NTZ" not in kind:
        yield Finding(node, f"{text_of(node)}, which takes the connection's zone", "UTC timestamps in the dataset")
    elif target is SqlType.UNKNOWN:
        yield Finding(node, text_of(node), "a cast to text, integer, decimal, boolean, date or timestamp")
    elif target in (SqlType.TIMESTAMP, SqlType.DATE) and check.type_of(inner) is SqlType.TEXT:
        yield from _time_literal(node, inner)


_TIME_TEXT = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d{1,6})?)?")


def _time_literal(node: exp.Cast, inner: exp.Expr) -> Found:
    if not isinstance(inner, exp.Literal):
        yield Finding(node, f"{text_of(node)}, whose zone is unknown", "UTC timestamps in the dataset")
    elif not _TIME_TEXT.fullmatch(inner.name):
        yield Finding(node, text_of(node), "`date '2026-06-30'` or `timestamp '2026-06-30 00:00:00'`, UTC, no zone")


def between_is_ordered(check: Check, node: exp.Between) -> Found:
    del check
    if node.args.get("symmetric"):
        yield Finding(node, f"{text_of(node)} with its ends in any order", "`between low and high`")


def number_is_plain(check: Check, node: exp.Literal) -> Found:
    del check
    if not node.is_string and "e" in node.name.lower():
        yield Finding(node, f"{text_of(node)}, a float, whose text form differs by engine", "a decimal, `0.001`")


def interval_is_plain(check: Check, node: exp.Interval) -> Found:
    unit = node.args["unit"].name.lower().removesuffix("s") if node.args.get("unit") is not None else ""
    count = unparenthesised(node.this) if node.this is not None else None
    is_whole = isinstance(count, exp.Literal) and count.name.isdigit()
    is_parameter = isinstance(count, exp.Placeholder) and check.parameters.get(count.name) in (
        SqlType.INTEGER,
        SqlType.UNKNOWN,
    )
    if unit not in ("second", "minute", "hour", "day") or not (is_whole or is_parameter):
        yield Finding(node, text_of(node), "`interval '30 day'` or `interval (:days) day`; second, minute, hour or day")


def like_has_no_backslash(check: Check, node: exp.Expr) -> Found:
    del check
    pattern = node.args["expression"]
    if not isinstance(pattern, exp.Literal):
        yield Finding(node, f"{text_of(node)} with a computed pattern", "a pattern written as a literal")
    elif "\\" in pattern.name:
        yield Finding(node, f"{text_of(node)}, whose backslash escapes on some engines", "a pattern without backslash")


def regular_expression_is_plain(check: Check, node: exp.RegexpLike) -> Found:
    del check
    pattern = node.args["expression"]
    if node.args.get("flag") is not None:
        yield Finding(node, f"{text_of(node)} with flags", "`lower(x)` and no flags")
    if not isinstance(pattern, exp.Literal):
        yield Finding(node, f"{text_of(node)} with a computed pattern", "a pattern written as a literal")
    elif fault := pattern_fault(pattern.name):
        yield Finding(node, f"{text_of(node)}: {fault}", "literals, classes `[…]`, anchors, groups, `|`, `?`, `*`, `+`")


def trim_is_plain(check: Check, node: exp.Trim) -> Found:
    del check
    if node.args.get("position") or node.args.get("expression") is not None:
        yield Finding(node, text_of(node), "`trim(x)`")


def is_tests_null(check: Check, node: exp.Is) -> Found:
    del check
    if not isinstance(node.args["expression"], exp.Null):
        yield Finding(node, text_of(node), "`coalesce(x, false)`; `is` only with null")


_LISTED = (exp.Literal, exp.Placeholder, exp.Cast, exp.Neg)


def in_lists_literals(check: Check, node: exp.In) -> Found:
    del check
    if node.args.get("query") is not None:
        yield Finding(node, f"{text_of(node)}, which nulls empty silently", "`exists (select 1 from …)`")
    elif not node.expressions or not all(isinstance(part, _LISTED) for part in node.expressions):
        yield Finding(node, text_of(node), "`in` with a list of literals or parameters")


def columns_are_no_floats(check: Check, node: exp.Select) -> Found:
    if check.form != "select":
        return
    for projection in node.expressions:
        if check.type_of(projection.unalias()) is SqlType.FLOAT:
            yield Finding(
                projection,
                f"{text_of(projection)}, a float column, whose text form differs by engine",
                "a decimal with a scale, `cast(… as decimal(18,6))`",
            )


# ---- nulls -----------------------------------------------------------------------------------------------------------


def _null_findings(parts: Sequence[exp.Expr]) -> Found:
    for part in parts:
        if isinstance(part, exp.Column):
            yield Finding(
                part,
                f"column {text_of(part)}, which may be null, outside coalesce, is [not] null and is [not] distinct from",
                "a predicate that is never null",
                f"Write `coalesce({column_text(part)}, …)`, or coalesce the comparison: `coalesce(… , false)`.",
            )
        else:
            yield Finding(part, f"{text_of(part)}, which may be null", "a predicate that is never null, with coalesce")


def condition_is_sound(check: Check, node: exp.Expr) -> Found:
    """WHERE, ON, HAVING and QUALIFY are boolean; in a predicate nothing may be null, in a row query nothing that is
    negated: a null there would keep or drop a row that nobody thought of."""
    condition = node.args.get("on") if isinstance(node, exp.Join) else node.this
    if condition is None:
        return
    yield from _must_be(check, condition, _BOOLEANS, "a predicate")
    if check.form == "predicate":
        yield from _null_findings(check.nullable(condition))
    else:
        yield from _row_condition(check, condition, frozenset())


_POSITIVE = (exp.EQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.RegexpLike)


def _row_condition(check: Check, node: exp.Expr, guarded: frozenset[str]) -> Found:
    node = unparenthesised(node)
    for kind, negated in ((exp.And, True), (exp.Or, False)):
        if isinstance(node, kind):
            parts = flattened(node, kind)
            known = guarded | guards_in(parts, negated=negated)
            for part in parts:
                yield from _row_condition(check, part, known)
            return
    is_plain_like = isinstance(node, exp.Like | exp.ILike) and not node.args.get("negate")
    if not (is_plain_like or isinstance(node, _POSITIVE)):
        yield from _null_findings(check.nullable(node, guarded))


_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ)

VALUE_RULES: Mapping[type[exp.Expr], tuple[Rule, ...]] = {
    **dict.fromkeys(_COMPARISONS, (operands_are_of_one_type, nested_comparison_has_brackets, value_is_declared)),
    exp.In: (operands_are_of_one_type, value_is_declared, in_lists_literals),
    exp.Between: (operands_are_of_one_type, between_is_ordered),
    exp.Coalesce: (operands_are_of_one_type,),
    exp.Nullif: (operands_are_of_one_type,),
    exp.Case: (operands_are_of_one_type, case_conditions_are_boolean),
    **dict.fromkeys((exp.And, exp.Or, exp.Not), (operands_are_boolean,)),
    exp.Like: (operands_are_text, like_has_no_backslash),
    exp.ILike: (operands_are_text, like_has_no_backslash),
    exp.RegexpLike: (operands_are_text, regular_expression_is_plain),
    exp.Trim: (operands_are_text, trim_is_plain),
    **dict.fromkeys((exp.Lower, exp.Upper, exp.Length), (operands_are_text,)),
    exp.Sum: (sum_is_of_numbers,),
    exp.TimestampTrunc: (trunc_is_of_timestamps,),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul), (arithmetic_is_portable,)),
    exp.Div: (division_is_decimal,),
    exp.Cast: (cast_is_portable,),
    exp.Literal: (number_is_plain,),
    exp.Interval: (interval_is_plain,),
    exp.Is: (is_tests_null,),
    **dict.fromkeys((exp.Where, exp.Having, exp.Qualify, exp.Join), (condition_is_sound,)),
    exp.Select: (columns_are_no_floats,),
}
