"""Constructs outside the portable subset: why each is refused and what to write instead.

Keys are the parser's own names: `sql_name()` of functions, the class name of other nodes. What is on neither list is
refused too, without special advice.
"""

from dataclasses import dataclass

from sqlglot import exp

from buttress.evidence.sql.guard import function_name
from buttress.evidence.sql.vocabulary import words


@dataclass(frozen=True, slots=True)
class Construct:
    """`why` it is refused, and `write`: what says the same on every engine."""

    why: str
    write: str


PORTABLE_NODES = words(
    """
    Select Subquery From Table TableAlias Identifier Column Star Alias Where Group Having Qualify Order Ordered Distinct
    Join With CTE Literal Boolean Null Paren And Or Not Exists Case Cast DataType DataTypeParam Interval Var EQ NEQ LT
    LTE GT GTE NullSafeEQ NullSafeNEQ Is In Between Like ILike Add Sub Mul Div Neg Window Placeholder
    """
)

PORTABLE_FUNCTIONS = words(
    """
    coalesce nullif lower upper trim length regexp_like count sum min max timestamp_trunc row_number case cast and or
    exists
    """
)

_GROUPS: tuple[tuple[Construct, str], ...] = (
    (
        Construct(
            "counts boundaries in one engine and elapsed units in another",
            "a comparison with an interval, `a < b - interval '30 day'`",
        ),
        "datediff date_diff timestamp_diff ts_or_ds_diff age date_sub date_add months_between to_days",
    ),
    (
        Construct("numbers days and weeks differently by engine", "a calendar column in the dataset"),
        """day_of_week day_of_week_iso week week_of_year day_of_year day_of_month weekday isodow yearweek extract
        date_part year quarter month day hour minute second isoyear dayname monthname""",
    ),
    (
        Construct("gives another answer at every run", "`:as_of` for the date, or a declared sample"),
        """now today current_date current_time current_timestamp current_datetime localtime localtimestamp rand random
        randn uuid gen_random_uuid get_current_timestamp transaction_timestamp current_user session_user TableSample
        setseed current_schema current_catalog current_role user""",
    ),
    (
        Construct("chooses among ties differently by engine", "`row_number()` with `qualify` and a unique order"),
        """arg_max arg_min any_value max_by min_by first last first_value last_value nth_value rank dense_rank lag lead
        percent_rank cume_dist ntile IgnoreNulls""",
    ),
    (Construct("leaves it to the engine which rows are evidence", "no limit: all rows count"), "Limit Offset Fetch"),
    (
        Construct("interpolates differently by engine or is absent", "a column computed at collection"),
        """median quantile quantile_cont quantile_disc percentile_cont percentile_disc mode avg stddev stddev_samp
        stddev_pop variance variance_pop approx_distinct approx_quantile WithinGroup corr""",
    ),
    (
        Construct("depends on order or on nested types", "plain columns: flatten the value at collection"),
        """group_concat string_agg array_agg list struct array map to_map json_extract json_extract_scalar json_valid
        parse_json unnest explode Bracket Slice Lambda Dot array_contains struct_extract array_size list_contains
        JSONPath json_object Unnest Lateral Values""",
    ),
    (
        Construct("is absent or differs on other engines", "a column: flatten the value at collection"),
        "split_part time_to_unix time_to_str str_to_time epoch_ms regexp_extract regexp_replace substring",
    ),
    (
        Construct("is slow on DuckDB and absent elsewhere", "the predicate alone: the runner builds the counts"),
        "Filter count_if",
    ),
    (
        Construct("takes the zone of the connection", "UTC timestamps in the dataset"),
        "AtTimeZone from_time_zone convert_timezone timestamp str_to_unix unix_to_time",
    ),
    (Construct("hides values that do not convert", "`cast`, and clean values at collection"), "try_cast"),
    (Construct("differs in its treatment of nulls by engine", "`case when … then … else … end`"), "if greatest least"),
    (Construct("differs in its treatment of nulls by engine", "a comparison of each column"), "concat concat_ws DPipe"),
    (Construct("rounds differently by engine", "`cast(a as decimal(18,6)) / b` and comparisons"), "IntDiv Mod round"),
    (Construct("is not portable", "`group by` with the columns named"), "Distinct"),
    (Construct("is not portable", "one SELECT; join or use `exists`"), "Union Except Intersect"),
    (Construct("is not portable", "`like` or a plain regular expression"), "SimilarTo Escape Glob RegexpILike"),
)

_BY_NAME = {name: construct for construct, names in _GROUPS for name in words(names)}
_OTHER = Construct("is not in the portable subset", "the constructs of the portable subset")


def refusal(node: exp.Expr) -> Construct | None:
    """Why a node is outside the portable subset, or None where it is inside (its use may still break a rule)."""
    name = type(node).__name__
    if isinstance(node, exp.If) and isinstance(node.parent, exp.Case):
        return None  # the branch of a CASE, not the function
    if isinstance(node, exp.Func) and name not in PORTABLE_NODES:
        function = function_name(node)
        return None if function in PORTABLE_FUNCTIONS else _BY_NAME.get(function, _BY_NAME.get(name, _OTHER))
    if name in PORTABLE_NODES:
        return _misplaced(node)
    return _BY_NAME.get(name, _OTHER)


def _misplaced(node: exp.Expr) -> Construct | None:
    """Portable nodes that are portable in one place only."""
    if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
        return Construct("changes what is evidence when the schema changes", "the columns by name")
    if isinstance(node, exp.Distinct) and not isinstance(node.parent, exp.Count):
        return _BY_NAME["Distinct"]
    if isinstance(node, exp.Distinct) and node.args.get("on") is not None:
        return _BY_NAME["any_value"]
    return None
