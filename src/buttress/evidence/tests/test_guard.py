from collections.abc import Iterator

import duckdb
import pytest
from sqlglot import exp

from buttress.evidence.sql.guard import guard
from buttress.evidence.sql.text import RefusedSqlError
from buttress.evidence.sql.vocabulary import ABSENT_NODES, REFUSED_NODES, STRUCTURAL_NODES
from buttress.evidence.tests.hostile_sql import HOSTILE

POPULATIONS = ("accounts", "workers")


@pytest.mark.parametrize("name", sorted(REFUSED_NODES | STRUCTURAL_NODES))
def test_every_listed_node_type_exists_in_the_pinned_parser(name: str) -> None:
    assert hasattr(exp, name) is (name not in ABSENT_NODES)


@pytest.mark.parametrize(("kind", "sql"), [(kind, sql) for kind, texts in HOSTILE.items() for sql in texts])
def test_hostile_text_is_refused_with_a_reason(kind: str, sql: str) -> None:
    del kind
    with pytest.raises(RefusedSqlError) as refused:
        guard(sql, tables=POPULATIONS)
    assert refused.value.reason
    assert refused.value.construct


GOLDEN = """
count(*)|count(s)|count(distinct s)|count_if(b)|sum(n)|sum(m)|avg(m)|min(ts)|max(d)|median(n)|stddev(n)|stddev_pop(n)
variance(n)|var_pop(n)|any_value(s)|arg_max(s, n)|arg_min(s, n)|bool_and(b)|bool_or(b)|quantile_cont(n, 0.25)
quantile_disc(n, 0.25)|percentile_cont(0.25) within group (order by n)|array_agg(n order by n desc)
string_agg(s, ',' order by n)|group_concat(s, '-' order by n)|count(*) filter (where b)|list(n order by n)
"""
GOLDEN_ROWS = """
list_contains(l, 3)|len(l)|len(s)|array_length(l)|list_sort(l)|abs(m)|ceil(m)|floor(m)|round(m, 1)|trunc(m)|sign(m)
sqrt(n)|ln(n)|log10(n)|log2(n)|exp(n)|pow(n, 2)|n ^ 2|greatest(n, 2)|least(n, 2)|mod(n, 2)|n % 2|n // 2|n / 2|-7 // 2
-7 % 3|coalesce(s, 'q')|ifnull(s, 'q')|nullif(n, 2)|if(b, 1, 2)|case n when 1 then 'a' else 'b' end|case when b then 1 end
cast(m as integer)|m::bigint|try_cast(s as integer)|upper(s)|lower(s)|trim(s)|ltrim(s)|rtrim(s)|trim(s, 'Ab')|length(s)
substring(s, 2, 3)|substr(s, -3)|left(s, 2)|right(s, 2)|left(s, -1)|replace(s, 'a', '_')|split_part(s, '-', 1)
starts_with(s, 'be')|ends_with(s, 'x')|contains(s, 'et')|position('a' in s)|strpos(s, 'a')|concat(s, '!', n)
concat_ws('/', s, n)|s || '!'|s like 'be%'|s not like 'be%'|s ilike 'BE%'|s like '%!_%' escape '!'|s similar to 'b.*'
s not similar to 'b.*'|s ~ 'b.*a'|s !~ 'et'|regexp_matches(s, '^b')|regexp_matches(s, '^B', 'i')
regexp_extract(s, '(b)(e)', 2)|regexp_replace(s, 'a', 'X')|regexp_replace(s, 'a', 'X', 'g')|regexp_full_match(s, 'be.*')
date_diff('day', ts, timestamp '2026-07-01')|datediff('month', d, date '2026-07-01')
date_sub('month', d, date '2026-07-01')|date_trunc('month', ts)|date_trunc('week', d)|date_part('dow', ts)
extract(year from ts)|year(ts)|quarter(ts)|week(ts)|second(ts)|epoch(ts)|strftime(ts, '%Y-%m-%d %H')
strptime('2026-01-02', '%Y-%m-%d')|date_add(d, interval 3 day)|date_add(ts, interval '1 month')|d + 3
d - date '2026-01-01'|ts - timestamp '2026-01-01'|ts - interval '1 day 2 hours'|ts - interval (n) day
ts + n * interval '1 hour'|make_date(2026, n, 1)|last_day(d)|row_number() over (order by s desc)
row_number() over (partition by s order by n nulls first)|rank() over (order by s)
dense_rank() over (order by s desc nulls last)|percent_rank() over (order by n)|ntile(2) over (order by n)
lag(n, 1, 0) over (order by n)|lead(s) over (order by n)|first_value(s) over (order by n)
last_value(n) over (order by n rows between unbounded preceding and unbounded following)
sum(n) over (order by n range between unbounded preceding and current row)|json_extract(j, '$.a.b')
json_extract_string(j, '$.a.b')|j::json -> 'a'|j ->> '$.a.b'|json_valid(j)|md5(s)|sha256(s)|n between 2 and 3
n not between 2 and 3|n not in (1, 2)|s is not null|b is not true|s is distinct from 'beta'|s is not distinct from 'beta'
not b|b and not b|b or s is null|not n = 2 or n = 3 and b|- -n|n - -n|n - (n - 1)|n - n - 1|(n + 1) * 2|n + 1 * 2|l[1]
s[1]|'it''s'|'a\\b'|'a\\'|1e3|0.1 + 0.2|.5|1_000|concat('a', null, 'b')|'x' || null|n::varchar || 'x'
cast('2026-01-01' as timestamp)|(n, s) = (1, 'Alpha-1')|n in (select n from u)|exists (select 1 from u where u.n = t.n)
n not in (select n from u)|(select max(n) from u)|count(*) over (partition by b)|greatest(d, date '2026-01-01')
"""
GOLDEN_QUERIES = """
select distinct s from t order by 1
select s, count(*) from t group by s order by 2 desc, 1
select s, count(*) c from t group by all order by all
select s from t order by s desc limit 2 offset 1
select t.n, u.s from t left join u on t.n = u.n order by 1
select t.n, u.s from t full join u on t.n = u.n order by 1 nulls first, 2
select t.n, u.s from t right join u using (n) order by 1
select n from t union select n from u order by 1
select n from t except select n from u order by 1
select n from t intersect all select n from u
with x as (select n from t where b) select * from x order by 1
with x(a) as (select n from t), y as (select a + 1 as q from x) select q from y order by q
select n from t qualify row_number() over (partition by b order by n) = 1 order by n
from t select n order by n
select s, count(*) from t group by s having count(*) > 1
select * exclude (l, j) from t order by n
select x.* from (select n, s from t) x order by 1
select n from t semi join u on t.n = u.n
select n from t anti join u on t.n = u.n order by 1
select n, q from t, unnest(l) as z(q) order by 1, 2
select n, sum(n) over w from t window w as (order by n) order by n
((select n from t where n = 1))
"""


def golden_queries() -> list[str]:
    expressions = [part for line in GOLDEN.strip().splitlines() for part in line.split("|")]
    rows = GOLDEN_ROWS.replace(" || ", "\1").strip().splitlines()
    row_expressions = [part.replace("\1", " || ") for line in rows for part in line.split("|")]
    return [
        *(f"select {expression} from t" for expression in expressions),
        *(f"select n, {expression} from t order by n" for expression in row_expressions),
        *GOLDEN_QUERIES.strip().splitlines(),
    ]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    made = duckdb.connect()
    made.execute("set threads=1")  # rows without an order, and sums of floats, come in one order
    made.execute(
        """create table t as select * from (values
        (1, 'Alpha-1', true, timestamp '2026-01-31 10:20:30.5', date '2026-02-28', 2.50, [3, 1, 3], '{"a": {"b": 5}}'),
        (2, 'beta', false, timestamp '2025-12-31 23:59:59', date '2024-02-29', -7.25, [2], '{}'),
        (3, null, null, null, null, null, null, null),
        (4, 'beta x_y%', true, timestamp '2026-06-30 00:00:00', date '2026-06-30', 0.00, [], '[1, 2]')
        ) v(n, s, b, ts, d, m, l, j)"""
    )
    made.execute("create table u as select * from (values (1, 'x'), (4, 'y'), (9, null)) v(n, s)")
    yield made
    made.close()


@pytest.mark.parametrize("sql", golden_queries())
def test_honest_query_gives_the_same_rows_as_printed(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    printed = guard(sql, tables=("t", "u"))
    assert connection.execute(printed).fetchall() == connection.execute(sql).fetchall()
    assert guard(printed, tables=("t", "u")) == printed


def test_own_common_table_expression_is_visible_only_where_it_stands() -> None:
    assert guard("with x as (select account_id from accounts) select account_id from x", tables=POPULATIONS)
    with pytest.raises(RefusedSqlError, match="table x"):
        guard("with y as (select account_id from x), x as (select 1 as account_id) select 1 from y", tables=POPULATIONS)


def test_comments_do_not_reach_the_printed_text() -> None:
    assert guard("select 1 /* a */ as x -- b\nfrom accounts", tables=POPULATIONS) == "SELECT 1 AS x FROM accounts"
