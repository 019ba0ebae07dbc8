import pytest

from buttress.evidence.data.tables import Column, ColumnType, Schema
from buttress.evidence.sql.linter import Form, Where, lint_sql
from buttress.evidence.sql.portable_patterns import pattern_fault
from buttress.formats.problems import Problem

T = ColumnType
ACCOUNTS = Schema(
    (
        Column("system", T.TEXT, nullable=False),
        Column("account_id", T.TEXT, nullable=False),
        Column("worker_id", T.TEXT),
        Column("status", T.TEXT, nullable=False, values=("active", "disabled")),
        Column("mfa", T.BOOLEAN),
        Column("enabled", T.BOOLEAN, nullable=False),
        Column("logins", T.INTEGER, nullable=False),
        Column("limits", T.INTEGER, nullable=False),
        Column("score", T.DECIMAL, nullable=False, scale=2),
        Column("born", T.DATE, nullable=False),
        Column("created_at", T.TIMESTAMP, nullable=False),
        Column("disabled_at", T.TIMESTAMP),
    ),
    ("system", "account_id"),
)
WORKERS = Schema((Column("worker_id", T.TEXT, nullable=False), Column("ended_at", T.TIMESTAMP)), ("worker_id",))


def lint(sql: str, form: Form = "predicate") -> list[Problem]:
    tables = {"accounts": ACCOUNTS} if form == "predicate" else {"accounts": ACCOUNTS, "workers": WORKERS}
    return lint_sql(
        sql,
        tables=tables,
        form=form,
        parameters={"max_days": T.INTEGER, "name": T.TEXT},
        where=Where("test.yaml", 12, "fail"),
        key=("system", "account_id") if form == "select" else (),
    )


REFUSED_AND_WRITTEN = {
    "elapsed units": ("date_diff('day', created_at, :as_of) > 30", "created_at < :as_of - interval '30 day'"),
    "datediff": ("datediff('hour', created_at, :as_of) > 3", "created_at < :as_of - interval '3 hour'"),
    "age": ("age(created_at) > interval '30 day'", "created_at < :as_of - interval (:max_days) day"),
    "day of week": ("dayofweek(created_at) = 0", "logins = 0"),
    "week number": ("week(created_at) = 3", "logins = 3"),
    "clock": ("created_at < now()", "created_at < :as_of"),
    "today": ("born < current_date", "born < cast(:as_of as date)"),
    "random": ("random() < 0.5", "score < 0.5"),
    "division": ("logins / limits > 0.5", "cast(logins as decimal(18,6)) / limits > 0.5"),
    "any value": ("any_value(status) = 'active'", "status = 'active'"),
    "quantile": ("quantile_cont(score, 0.9) > 3", "score > 3"),
    "median": ("median(score) > 3", "score > 3"),
    "string_agg": ("string_agg(status) = 'active'", "status = 'active'"),
    "list": ("list_contains(['active'], status)", "status in ('active')"),
    "struct": ("{'a': status}.a = 'active'", "status = 'active'"),
    "json": ("json_extract_string(status, '$.a') = 'active'", "status = 'active'"),
    "split_part": ("split_part(account_id, '-', 1) = 'svc'", "account_id like 'svc-%'"),
    "epoch": ("epoch(created_at) > 5", "created_at > timestamp '2026-01-01 00:00:00'"),
    "implicit cast of a text": ("created_at < '2026-01-01'", "created_at < timestamp '2026-01-01 00:00:00'"),
    "implicit cast of a number": ("logins = '3'", "logins = 3"),
    "implicit cast of a boolean": ("enabled = 1", "enabled = true"),
    "date against timestamp": ("born < :as_of", "cast(born as timestamp) < :as_of"),
    "zone": ("created_at at time zone 'Europe/Paris' < :as_of", "created_at < :as_of"),
    "zoned cast": ("cast(created_at as timestamptz) < :as_of", "created_at < :as_of"),
    "text as timestamp": ("cast(account_id as timestamp) < :as_of", "cast('2026-01-01' as timestamp) < :as_of"),
    "filter": ("count(*) filter (where enabled) > 0", "enabled"),
    "nullable boolean": ("not mfa", "not coalesce(mfa, false)"),
    "nullable comparison": ("disabled_at < :as_of", "coalesce(disabled_at < :as_of, false)"),
    "nullable in not": ("not (worker_id = 'w1')", "worker_id is distinct from 'w1'"),
    "null beside another column": (
        "disabled_at is not null and worker_id = 'w1'",
        "disabled_at is not null and disabled_at < :as_of",
    ),
    "null in or": ("disabled_at is not null or disabled_at < :as_of", "disabled_at is null or disabled_at < :as_of"),
    "null after coalesce": ("coalesce(mfa, null)", "coalesce(mfa, true)"),
    "case without else": ("case when enabled then true end", "case when enabled then true else false end"),
    "case on null": (
        "case when mfa then true else false end",
        "case when coalesce(mfa, false) then true else false end",
    ),
    "nullif": ("nullif(logins, 0) > 1", "coalesce(nullif(logins, 0) > 1, false)"),
    "float": ("cast(logins as double) > 0.5", "cast(logins as decimal(18,2)) > 0.5"),
    "exponent": ("score > 1e-3", "score > 0.001"),
    "is true": ("enabled is true", "enabled"),
    "unknown column": ("statsu = 'active'", "status = 'active'"),
    "value never held": ("status = 'Active'", "status = 'active'"),
    "value never held in a list": ("status in ('active', 'off')", "status in ('active', 'disabled')"),
    "value never held in another direction": ("'on' <> status", "'disabled' <> status"),
    "placeholder": ("logins > :max_day", "logins > :max_days"),
    "positional placeholder": ("logins > ?", "logins > :max_days"),
    "type of a parameter": ("logins > :name", "account_id = :name"),
    "month interval": ("created_at < :as_of - interval '1 month'", "created_at < :as_of - interval '30 day'"),
    "part of a unit": ("created_at < :as_of - interval '1.5 day'", "created_at < :as_of - interval '36 hour'"),
    "difference of times": ("created_at - disabled_at > interval '1 day'", "created_at > :as_of - interval '1 day'"),
    "date and interval": ("born + interval '1 day' > born", "cast(born as timestamp) < :as_of - interval '1 day'"),
    "regular expression": (r"regexp_matches(account_id, '^\d+$')", "regexp_matches(account_id, '^[0-9]+$')"),
    "flags": ("regexp_matches(account_id, 'a', 'i')", "regexp_matches(lower(account_id), 'a')"),
    "backslash in like": (r"account_id like 'a\_%'", "account_id like 'a_%'"),
    "try_cast": ("try_cast(account_id as integer) > 1", "cast(account_id as integer) > 1"),
    "if": ("if(enabled, true, false)", "case when enabled then true else false end"),
    "concatenation": ("system || account_id = 'ab'", "system = 'a' and account_id = 'b'"),
    "modulo": ("logins % 2 = 0", "logins = 0"),
    "greatest": ("greatest(logins, 3) = 3", "case when logins > 3 then false else true end"),
    "symmetric": ("logins between symmetric 3 and 1", "logins between 1 and 3"),
    "chained comparison": ("logins = limits = true", "(logins = limits) = true"),
    "no predicate": ("logins", "logins > 0"),
    "number in and": ("enabled and logins", "enabled and logins > 0"),
    "subquery in a predicate": ("exists (select 1 from workers)", "coalesce(worker_id = 'w1', false)"),
    "subquery as a value": ("logins > (select 3)", "logins > 3"),
    "aggregate in a predicate": ("count(*) > 1", "logins > 1"),
    "window in a predicate": ("row_number() over (order by account_id nulls last) = 1", "logins = 1"),
    "week truncation": ("date_trunc('week', created_at) = created_at", "date_trunc('day', created_at) = created_at"),
    "glob": ("account_id glob 'a*'", "account_id ilike 'A%'"),
    "syntax": ("status = ", "status = 'active'"),
    "statement": ("true; drop table accounts", "true"),
}


@pytest.mark.parametrize(("refused", "written"), REFUSED_AND_WRITTEN.values(), ids=REFUSED_AND_WRITTEN.keys())
def test_predicate_is_refused_and_its_replacement_passes(refused: str, written: str) -> None:
    assert lint(refused)
    assert lint(written) == []


KEYS = "select system, account_id from accounts"
QUERIES = {
    "select all": ("select * from accounts", KEYS),
    "all of a table": ("select a.* from accounts a", "select a.system, a.account_id from accounts a"),
    "key not first": ("select account_id, system from accounts", KEYS),
    "column twice": ("select system, account_id, account_id from accounts", KEYS),
    "group by all": (f"{KEYS} group by all", f"{KEYS} group by system, account_id"),
    "positional group by": (f"{KEYS} group by 1, 2", f"{KEYS} group by system, account_id having count(*) > 1"),
    "positional order": (f"{KEYS} order by 1 nulls last", f"{KEYS} order by account_id nulls last"),
    "order without nulls": (f"{KEYS} order by account_id desc", f"{KEYS} order by account_id desc nulls last"),
    "arg_max": (
        "select system, arg_max(account_id, created_at) as account_id from accounts group by system",
        f"{KEYS} qualify row_number() over (partition by system order by created_at desc nulls last,"
        " account_id nulls last) = 1",
    ),
    "order with ties": (
        f"{KEYS} qualify row_number() over (partition by system order by created_at nulls last) = 1",
        f"{KEYS} qualify row_number() over (partition by system order by account_id nulls last) = 1",
    ),
    "other windows": (
        f"{KEYS} qualify rank() over (partition by system order by account_id nulls last) = 1",
        f"{KEYS} qualify row_number() over (partition by system order by account_id nulls last) < 3",
    ),
    "filter": (
        "select system, min(account_id) as account_id, count(*) filter (where enabled) as n from accounts group by system",
        "select system, min(account_id) as account_id, count(distinct status) as n from accounts group by system",
    ),
    "float column": (
        "select system, account_id, cast(logins as decimal(18,6)) / limits as share from accounts",
        "select system, account_id, cast(cast(logins as decimal(18,6)) / limits as decimal(18,6)) as share from accounts",
    ),
    "in a subquery": (
        f"{KEYS} where worker_id in (select worker_id from workers)",
        f"{KEYS} a where exists (select 1 from workers w where w.worker_id = a.worker_id)",
    ),
    "scalar subquery": (
        f"{KEYS} where created_at > (select max(ended_at) from workers)",
        "select a.system, a.account_id from accounts a join workers w on w.worker_id = a.worker_id",
    ),
    "exists outside where": (
        "select system, account_id, exists (select 1 from workers) as x from accounts",
        f"{KEYS} where not exists (select 1 from workers)",
    ),
    "cross join": (
        "select a.system, a.account_id from accounts a, workers w",
        "select a.system, a.account_id from accounts a left join workers w on a.worker_id = w.worker_id",
    ),
    "using": (
        "select system, account_id from accounts join workers using (worker_id)",
        "select system, account_id from accounts a join workers w on a.worker_id = w.worker_id",
    ),
    "right join": (
        "select a.system, a.account_id from accounts a right join workers w on a.worker_id = w.worker_id",
        "select a.system, a.account_id from workers w join accounts a on a.worker_id = w.worker_id",
    ),
    "join without equality": (
        "select a.system, a.account_id from accounts a join workers w on a.created_at < w.ended_at",
        "select a.system, a.account_id from accounts a join workers w"
        " on a.worker_id = w.worker_id and a.created_at < w.ended_at",
    ),
    "ambiguous column": (
        "select a.system, a.account_id from accounts a join workers w on worker_id = a.worker_id",
        "select a.system, a.account_id from accounts a join workers w on w.worker_id = a.worker_id",
    ),
    "unknown dataset": ("select system, account_id from account", KEYS),
    "unknown alias": ("select b.system, b.account_id from accounts a", "select a.system, a.account_id from accounts a"),
    "distinct": ("select distinct system, account_id from accounts", f"{KEYS} group by system, account_id"),
    "limit": (f"{KEYS} limit 10", KEYS),
    "union": (f"{KEYS} union all {KEYS}", KEYS),
    "recursion": (
        f"with recursive r as (select system, account_id from accounts) {KEYS}",
        "with r as (select system, account_id from accounts) select system, account_id from r",
    ),
    "hidden dataset": (
        "with workers as (select worker_id from accounts) select system, account_id from accounts",
        "with people as (select worker_id from accounts) select system, account_id from accounts",
    ),
    "negated null": (
        f"{KEYS} where not (disabled_at < :as_of)",
        f"{KEYS} where disabled_at is null or not (disabled_at < :as_of)",
    ),
    "unequal null": (f"{KEYS} where worker_id <> 'w1'", f"{KEYS} where worker_id is distinct from 'w1'"),
    "null of a left join": (
        "select a.system, a.account_id from accounts a left join (select worker_id from workers) w"
        " on w.worker_id = a.worker_id where not (w.worker_id = 'w1')",
        "select a.system, a.account_id from accounts a left join (select worker_id from workers) w"
        " on w.worker_id = a.worker_id where w.worker_id is null",
    ),
    "sum of texts": (
        "select system, account_id, sum(status) as n from accounts group by system, account_id",
        "select system, account_id, sum(logins) as n from accounts group by system, account_id",
    ),
    "several counted columns": (
        "select system, min(account_id) as account_id, count(distinct (worker_id, status)) as n from accounts"
        " group by system",
        "select system, min(account_id) as account_id, count(distinct worker_id) as n from accounts group by system",
    ),
    "no select": ("delete from accounts", KEYS),
    "catalogue": ("select system, account_id from main.accounts", KEYS),
    "sample": (f"{KEYS} using sample 10", KEYS),
}


@pytest.mark.parametrize(("refused", "written"), QUERIES.values(), ids=QUERIES.keys())
def test_query_is_refused_and_its_replacement_passes(refused: str, written: str) -> None:
    assert lint(refused, "select")
    assert lint(written, "select") == []


def test_row_form_may_compare_nullable_columns_where_null_only_leaves_the_row_out() -> None:
    sql = """
      select a.system, a.account_id, w.ended_at from accounts a
      join workers w on w.worker_id = a.worker_id
      where w.ended_at >= :period_start and w.ended_at < :as_of - interval '24 hour'
        and (a.disabled_at is null or a.disabled_at > w.ended_at + interval '24 hour')
    """
    assert lint(sql, "select") == []


def test_derived_columns_keep_type_and_nullability() -> None:
    sql = f"with e as (select worker_id, max(ended_at) as ended from workers group by worker_id) {KEYS} a"
    joined = sql.replace("select system, account_id from accounts a", "select a.system, a.account_id from accounts a")
    assert lint(f"{joined} join e on e.worker_id = a.worker_id where e.ended < :as_of", "select") == []
    assert lint(f"{joined} join e on e.worker_id = a.worker_id where not (e.ended < :as_of)", "select")
    assert lint(f"{joined} join e on e.worker_id = a.worker_id where e.ended < 'x'", "select")
    assert lint(f"{joined} join e on e.worker_id = a.worker_id where e.started < :as_of", "select")


def test_message_names_file_line_field_column_construct_and_replacement() -> None:
    (problem,) = lint("status = 'active'\nand date_diff('day', created_at, :as_of) > 30")
    assert (problem.file, problem.line, problem.field, problem.column) == ("test.yaml", 13, "fail", 5)
    assert "DATE_DIFF" in problem.found
    assert "interval '30 day'" in problem.expected


def test_unknown_column_is_named_with_the_nearest_ones() -> None:
    (problem,) = lint("coalesce(dissabled < :as_of, false)")
    assert "`dissabled`" in problem.found
    assert problem.advice == "Nearest: disabled_at, enabled."


def test_all_faults_are_told_at_once() -> None:
    assert len(lint("statsu = 'x' and not mfa and created_at < now()")) == 3


@pytest.mark.parametrize(
    ("pattern", "is_portable"),
    [
        ("^(release|hotfix)/[a-z0-9._-]+$", True),
        (r"^svc\.[^@]*@example\.org$", True),
        ("a?b*c+", True),
        (r"\d", False),
        (r"\bword", False),
        (r"(a)\1", False),
        ("(?i)a", False),
        ("(?=a)", False),
        ("a{2,3}", False),
        ("a*?", False),
        ("[[:alpha:]]", False),
        ("(a", False),
        ("a)", False),
        ("*a", False),
    ],
)
def test_regular_expression_is_portable_or_named_as_not(pattern: str, is_portable: bool) -> None:
    assert (pattern_fault(pattern) == "") is is_portable
