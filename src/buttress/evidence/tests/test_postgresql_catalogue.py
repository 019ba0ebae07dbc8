"""PostgreSQL's own catalogue as evidence: tables exported with \\copy, read as CSV data sets and tested."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from buttress.core.verdicts import Outcome, TestResult

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

FLAG = 'type: boolean, map: {t: "true", f: "false"}'
DATASETS = f"""
hba_rules:
  path: evidence/postgresql-hba-*.csv
  format: csv
  key: [line_number]
  columns:
    line_number: {{type: integer, nullable: false}}
    type: {{type: text}}
    address: {{type: text}}
    auth_method: {{type: text, nullable: false}}
    error: {{type: text}}
  effective_at: {{from: file_name, pattern: "-(?P<date>[0-9-]+)"}}
roles:
  path: evidence/postgresql-roles-*.csv
  format: csv
  key: [rolname]
  columns:
    rolname: {{type: text, nullable: false}}
    superuser: {{from: rolsuper, nullable: false, {FLAG}}}
    can_login: {{from: rolcanlogin, nullable: false, {FLAG}}}
  effective_at: {{from: file_name, pattern: "-(?P<date>[0-9-]+)"}}
db_settings:
  path: evidence/postgresql-settings-*.csv
  format: csv
  key: [name]
  columns:
    name: {{type: text, nullable: false}}
    setting: {{type: text, nullable: false}}
  effective_at: {{from: file_name, pattern: "-(?P<date>[0-9-]+)"}}
"""
TEST = """
id: {id}
version: 1
title: {id}
controls: [IAM-02]
assertion: configuration
source: {source}
key: [{key}]
population: "{population}"
fail: "{fail}"
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{passing}]
  fail: [{failing}]
"""
NO_TRUST = {
    "id": "no-trust",
    "source": "hba_rules",
    "key": "line_number",
    "population": "line_number > 0",
    "fail": "auth_method = 'trust'",
    "passing": "{line_number: 1, auth_method: scram-sha-256}",
    "failing": "{line_number: 1, auth_method: trust}",
}
FEW_LOGINS = {
    "id": "logins-known",
    "source": "roles",
    "key": "rolname",
    "population": "rolname <> ''",
    "fail": "can_login",
    "passing": "{rolname: a, superuser: false, can_login: false}",
    "failing": "{rolname: a, superuser: true, can_login: true}",
}
SWITCHED_ON = {
    "id": "switched-on",
    "source": "db_settings",
    "key": "name",
    "population": "name <> ''",
    "fail": "setting in ('off', 'none') and name <> 'archive_mode' and name <> 'data_checksums'",
    "passing": "{name: ssl, setting: 'on'}",
    "failing": "{name: ssl, setting: 'off'}",
}
OURS = {
    "hba": "line_number,type,address,auth_method,error\n1,local,,peer,\n2,host,10.0.0.0,trust,\n3,hostssl,::1,cert,\n",
    "roles": "rolname,rolsuper,rolcanlogin\npostgres,t,t\napp,f,t\npg_monitor,f,f\n",
    "settings": "name,setting,source\nssl,on,file\nlog_connections,off,default\nlog_statement,none,default\n",
}


def run(register: "Register", test: dict[str, str], **files: str) -> TestResult:
    register.declare(DATASETS)
    for name, content in files.items():
        register.put(f"evidence/postgresql-{name}-2026-06-30.csv", content)
    register.add_test(test["id"], TEST.format(**test))
    (result,) = register.run("2026-06-30").results
    assert result.outcome is Outcome.EVALUATED, result.reasons
    return result


@pytest.mark.parametrize(
    ("test", "population", "failing"),
    [
        (NO_TRUST, 3, ("2",)),
        (FEW_LOGINS, 3, ("app", "postgres")),
        (SWITCHED_ON, 3, ("log_connections", "log_statement")),
    ],
    ids=["hba", "roles", "settings"],
)
def test_catalogue_tables_are_populations(
    register: "Register", test: dict[str, str], population: int, failing: tuple[str, ...]
) -> None:
    result = run(register, test, **OURS)
    assert (result.population, result.failing_keys) == (population, failing)


@pytest.mark.samples
@pytest.mark.parametrize(
    ("test", "population", "failing"),
    [
        (NO_TRUST, 6, ("89", "91", "93", "96", "97", "98")),
        (FEW_LOGINS, 13, ("postgres",)),
        ({**FEW_LOGINS, "id": "superusers", "fail": "superuser"}, 13, ("postgres",)),
        (SWITCHED_ON, 8, ("log_connections", "log_disconnections", "log_statement", "ssl")),
    ],
    ids=["hba", "logins", "superusers", "settings"],
)
def test_genuine_catalogue_has_the_known_figures(
    register: "Register", samples: Path, test: dict[str, str], population: int, failing: tuple[str, ...]
) -> None:
    files = {name: (samples / f"postgresql-{name}.csv").read_text() for name in OURS}
    result = run(register, test, **files)
    assert (result.population, result.failing_keys) == (population, failing)
