"""Names that decide whether SQL may run: node types of the pinned parser and functions, allowed and refused.

The outer list (guard) serves a person who explores a run's populations in DuckDB; declarations must also pass the
narrower portable subset of `sql_subset`. Names are those of sqlglot: node types by class, functions by `sql_name()`.
Left out by intent: repeat, lpad, printf, format, range, generate_series, levenshtein, sleep, whatever reads files,
settings, environment, secrets or the catalogue, and whatever is random or bound to the clock.
"""


def words(text: str) -> frozenset[str]:
    """The names in a text, which stay readable as a list that way."""
    return frozenset(text.split())


REFUSED_NODES = words(
    """
    Into Command Insert Update Delete Merge Create Drop Alter Set Pragma Use Attach Detach Copy TruncateTable
    Transaction Commit Rollback Describe Show Summarize Kill Cache Uncache Refresh LoadData Export Install Grant Revoke
    Comment Analyze TableSample Parameter Placeholder SessionParameter Lock Pivot ReadCSV ReadParquet Columns Execute
    Declare Dot Version HistoricalData
    """
)
"""Node types refused by name. A test fails when one disappears from the pinned parser: its syntax then arrives as
another node, and this list must be read again."""

ABSENT_NODES: frozenset[str] = frozenset()
"""Names of REFUSED_NODES that the pinned parser does not have (none in sqlglot 30.30.0)."""

STRUCTURAL_NODES = words(
    """
    Select Subquery Union Except Intersect From Table TableAlias Identifier Column Star Alias Where Group Having
    Qualify Order Ordered Limit Offset Distinct Join With CTE Literal Boolean Null Paren And Or Not Exists Case If Cast
    TryCast Array Interval Var DataType DataTypeParam EQ NEQ LT LTE GT GTE NullSafeEQ NullSafeNEQ Is In Between Like
    ILike SimilarTo Escape Add Sub Mul Div IntDiv Mod Neg DPipe Tuple Bracket Window WindowSpec WithinGroup IgnoreNulls
    Filter JSONPath JSONPathRoot JSONPathKey JSONPathSubscript
    """
)

FUNCTIONS = words(
    """
    count count_if countif sum avg min max median stddev stddev_samp stddev_pop variance var_samp var_pop variance_pop
    any_value arg_max arg_min bool_and bool_or logical_and logical_or approx_distinct
    quantile_cont quantile_disc percentile_cont percentile_disc
    list array_agg string_agg group_concat list_contains array_contains len array_size array_length list_distinct
    array_distinct list_sort array_sort unnest explode
    abs ceil ceiling floor round trunc sign sqrt ln log log10 log2 exp pow power greatest least mod
    coalesce ifnull nullif if case cast try_cast
    upper lower trim ltrim rtrim length char_length substring substr left right replace split_part starts_with ends_with
    contains position strpos str_position concat concat_ws like ilike similar_to
    regexp_matches regexp_like regexp_i_like regexp_extract regexp_replace regexp_full_match
    date_diff datediff date_trunc timestamp_trunc date_part extract year quarter month week day hour minute second epoch
    time_to_unix strftime strptime time_to_str str_to_time date_add date_sub make_date date_from_parts last_day date
    timestamp
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
    json_extract json_extract_string json_extract_scalar json_valid
    md5 sha256 sha2
    """
)
"""Allowed functions, by the names people write and by those the parser gives them (`log2` is `log`, `var_pop` is
`variance_pop`, `list_distinct` is `array_distinct`, `epoch` is `time_to_unix`, `make_date` is `date_from_parts`)."""

CAST_TYPES = words(
    "TEXT VARCHAR CHAR INT BIGINT SMALLINT TINYINT DECIMAL BOOLEAN DATE TIMESTAMP TIMESTAMPNTZ TIME DOUBLE FLOAT JSON "
    "INTERVAL"
)
"""Types a cast may name. Zoned timestamps would take the zone of the session, nested and user types the catalogue."""

CLOCK_COLUMNS = words(
    "current_catalog current_date current_role current_schema current_time current_timestamp current_user localtime "
    "localtimestamp session_user user rowid"
)
"""Bare names that DuckDB resolves to the session, the clock or a physical position where no column has that name."""
