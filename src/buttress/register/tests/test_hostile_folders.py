"""A folder with a fault is refused with file, line, field and what to do, and stays as it was."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from buttress.formats.folder import FolderLimits
from buttress.formats.problems import Problem, ProblemsError
from buttress.register.files.reader import read_register
from buttress.register.tests.folders import changed

Edit = tuple[str, str, str]

ORGANISATION, SECURITY, OTHER = "organisation.yaml", "risks/security.yaml", "risks/other.yaml"


def problems_of(folder: Path) -> tuple[Problem, ...]:
    before = fingerprint(folder)
    with pytest.raises(ProblemsError) as error:
        read_register(folder)
    assert fingerprint(folder) == before
    return error.value.problems


def fingerprint(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.stat().st_size < 10**6}


def line_of(folder: Path, file: str, text: str) -> int:
    """Line on which `text` stands for the first time."""
    content = (folder / file).read_text(encoding="utf-8")
    return content[: content.index(text)].count("\n") + 1


SECOND_OF_JULY = "- effective_on: 2026-07-15\n        method: money\n        basis: library"

FIELD_CASES: list[tuple[Edit, str, str, str]] = [
    (
        ("people.yaml", "omar@harbourline.example", "Ruth@Harbourline.example"),
        "ruth@",
        "persons.ruth.email",
        "the address of 'omar' too",
    ),
    (
        ("evidence.yaml", "test: leavers-disabled", "test: leaver-disabled"),
        "leaver-",
        "exceptions.EX-001.test",
        "Did you mean 'leavers-disabled'?",
    ),
    # edit; text on the line that is named; field; words of the message
    ((ORGANISATION, "currency: USD", "currency: usd"), "currency: usd", "organisation.currency", "ISO 4217"),
    (
        (ORGANISATION, "Europe/Amsterdam", "Europe/Atlantis"),
        "Atlantis",
        "organisation.time_zone",
        "a time zone such as",
    ),
    ((ORGANISATION, "Europe/Amsterdam", "../../etc/passwd"), "passwd", "organisation.time_zone", "a time zone such as"),
    ((ORGANISATION, "size: 200", "size: 2e2"), "size:", "organisation.size", "found '2e2'; expected a whole number"),
    ((ORGANISATION, "size: 200", "size: -1"), "size:", "organisation.size", "from 1 to"),
    (
        (ORGANISATION, "sole_operator: false", "sole_operator: no"),
        "sole_",
        "organisation.sole_operator",
        "true or false",
    ),
    (
        (ORGANISATION, "sector: financial", "sector: finance"),
        "sector:",
        "organisation.sector",
        "Did you mean 'financial'?",
    ),
    ((ORGANISATION, "  name: Harbourline\n", ""), "organisation:", "organisation.name", "Add name."),
    ((ORGANISATION, "{EUR: 1.09}", "{EUR: 0}"), "EUR: 0", "organisation.rates[0].per_unit.EUR", "above 0"),
    (
        (ORGANISATION, "{EUR: 1.09}", "{USD: 1}"),
        "USD: 1",
        "organisation.rates[0].per_unit.USD",
        "other currencies only",
    ),
    (
        (ORGANISATION, "low: 0.01, high: 0.1}", "low: 0.02, high: 0.1}"),
        "low: 0.02",
        "organisation.scales[0].likelihood[1].low",
        "expected 0.01, where Rare ends. Bands rise without gap",
    ),
    (
        (ORGANISATION, "low: 0.001, high: 0.01", "low: 0, high: 0.01"),
        "low: 0,",
        "organisation.scales[0].likelihood[0].low",
        "closing value above 0",
    ),
    (
        (ORGANISATION, "name: Severe, low: 1000000, high: 10000000", "name: Severe, low: 1000000, high: 1000000"),
        "name: Severe",
        "organisation.scales[0].impact[3].high",
        "expected a number above low (1e+06)",
    ),
    (
        (ORGANISATION, "- [low, low, moderate, moderate]", "- [low, low, moderate]"),
        "- [low, low, moderate]",
        "organisation.scales[0].cells[0]",
        "found 3 cells; expected 4",
    ),
    (
        (ORGANISATION, "- [low, moderate, moderate, high]", "- [low, moderate, moderat, high]"),
        "moderat,",
        "organisation.scales[0].cells[1][2]",
        "Did you mean 'moderate'?",
    ),
    (
        (ORGANISATION, "- [low, moderate, moderate, high]", "- [low, moderate, low, high]"),
        "moderate, low, high",
        "organisation.scales[0].cells[1][2]",
        "a rating not lower than its lower neighbour's 'moderate'",
    ),
    (
        (ORGANISATION, 'version: "2026b"', 'version: "2026"  # again'),
        "# again",
        "organisation.scales[1].version",
        "again",
    ),
    (
        (ORGANISATION, "loss: 5000000, probability: 0.01", "loss: 5000000, probability: 0.5"),
        "probability: 0.5",
        "organisation.appetite[0].curve[1].probability",
        "at most the probability of the smaller loss (0.25)",
    ),
    (
        (ORGANISATION, "        - {loss: 5000000, probability: 0.01}\n", ""),
        "curve:",
        "organisation.appetite[0].curve",
        "at least two points",
    ),
    (
        (ORGANISATION, "highest_rating: moderate", "highest_rating: medium"),
        "highest_rating: medium",
        "organisation.appetite[0].highest_rating",
        "a rating of scale 2026: low, moderate, high, critical",
    ),
    (
        (ORGANISATION, "period_end: 2026-12-31", "period_end: 2025-12-31"),
        "period_end",
        "organisation.engagements[0].period_end",
        "a date on or after period_start (2026-01-01)",
    ),
    (
        (ORGANISATION, "categories: [security, ", "categories: ["),
        "categories: [avail",
        "organisation.engagements[0].categories",
        "security among the categories",
    ),
    (
        (ORGANISATION, "{CC6.4: ", "{CC6.44: "),
        "CC6.44",
        "organisation.engagements[0].not_relevant.CC6.44",
        "a criterion or point of focus that is defined. Did you mean 'CC6.4'?",
    ),
    (
        (ORGANISATION, "systems: [payments-platform]", "systems: [payment-platform]"),
        "systems:",
        "organisation.engagements[0].systems[0]",
        "an asset that is defined. Did you mean 'payments-platform'?",
    ),
    (("people.yaml", "email: ruth@", "email: ruth at "), "ruth:", "persons.ruth.email", "an e-mail address"),
    (("people.yaml", "owner: ada}", "owner: eve}"), "OBJ-01", "objectives.OBJ-01.owner", "a person that is defined"),
    (
        ("inventory.yaml", "kind: data, owner: omar}", "kind: data, depends_on: [payments-platform]}"),
        "ledger: {name",
        "assets.ledger.depends_on[0]",
        "found the cycle ledger → payments-platform → payments-api → ledger",
    ),
    (
        ("inventory.yaml", "kind: facility", "kind: building"),
        "office",
        "assets.office.kind",
        "one of system, application",
    ),
    (("inventory.yaml", "tier: 1", "tier: 0"), "cloudhost:", "vendors.cloudhost.tier", "from 1 to 5"),
    (
        ("inventory.yaml", "subject: vendor:cloudhost", "subject: vendor:cloudhots"),
        "subject:",
        "changes.CHG-2026-01.subject",
        "Did you mean 'cloudhost'?",
    ),
    (("inventory.yaml", "subject: vendor:", "subject: "), "subject:", "changes.CHG-2026-01.subject", "kind:reference"),
    (
        ("inventory.yaml", "closed_on: 2026-02-20", "closed_on: 2026-02-01"),
        "closed_on",
        "incidents.INC-2026-01.closed_on",
        "on or after occurred_on (2026-02-11)",
    ),
    (
        ("inventory.yaml", "currency: EUR", "currency: CHF"),
        "currency: CHF",
        "incidents.INC-2026-01.loss.currency",
        "Add the rate of CHF under organisation, rates, per_unit.",
    ),
    (("controls.yaml", "library: IAM-02", "library: IAM-99"), "IAM-99", "controls.IAM-02.library", "starter library"),
    (("controls.yaml", "    kind: preventive\n", ""), "OPS-01", "controls.OPS-01.kind", "Add kind, or name an entry"),
    (("controls.yaml", "[CC8.1]", "[CC8.7]"), "CC8.7", "controls.OPS-01.criteria[0]", "a criterion that is defined"),
    (("controls.yaml", "coverage: 0.95", "coverage: 95"), "IAM-04:", "controls.IAM-04.coverage", "from 0 to 1"),
    (
        ("controls.yaml", "in_place_on: 2026-03-01", "in_place_on: 2025-03-01"),
        "lacking: {since",
        "controls.OPS-01.lacking.since",
        "lacking since 2026-01-01 and in place since 2025-03-01 at once",
    ),
    (
        ("controls.yaml", "in_place_on: 2025-01-01", "in_place_on: 2025-01-01, retired_on: 2024-01-01"),
        "GOV-02",
        "controls.GOV-02.retired_on",
        "on or after in_place_on",
    ),
    (
        ("controls.yaml", "effective_on: 2026-05-04", "effective_on: 2026-01-15"),
        "- effective_on: 2026-01-15",
        "controls.IAM-02.walkthroughs[1].effective_on",
        'Give them different keys; the later one in the list wins. Add e.g. "key: second" to this one.',
    ),
    (
        ("controls.yaml", "procedure: inspection", "procedure: reading"),
        "reading",
        "",
        "inquiry, observation, inspection",
    ),
    ((SECURITY, "title: Staff account", "titel: Staff account"), "titel", "risks.R-001.titel", "Did you mean 'title'?"),
    ((SECURITY, "owner: ruth", "owner: rut"), "owner: rut", "risks.R-001.owner", "Did you mean 'ruth'?"),
    (
        (SECURITY, "categories: [security, confidentiality]", "categories: []"),
        "categories",
        "",
        "at least one category",
    ),
    ((SECURITY, "threat: T-01", "threat: T-10"), "T-10", "risks.R-001.threat", "Did you mean 'T-01'?"),
    (
        (SECURITY, "assets: [payments-platform]", "assets: [ledger, ledger]"),
        "assets:",
        "risks.R-001.assets[1]",
        "each once",
    ),
    (
        (SECURITY, "frequency: {low: 0.1, high: 1}", "frequency: {low: 1, high: 0.1}"),
        "frequency:",
        "risks.R-001.assessments[0].frequency.high",
        "found 0.1; expected a number above low (1)",
    ),
    (
        (SECURITY, "frequency: {low: 0.1, high: 1}", "frequency: {low: 0, high: 1}"),
        "frequency:",
        "risks.R-001.assessments[0].frequency.low",
        "found 0; expected a number above 0",
    ),
    (
        (SECURITY, "likely: 2, high: 6", "likely: 7, high: 6"),
        "likely: 7",
        "risks.R-001.assessments[2].frequency.high",
        "a number not below likely (7)",
    ),
    (
        (SECURITY, "frequency: {low: 0.1, high: 1}", "frequency: {low: 0.1, per_year: 1}"),
        "frequency:",
        "risks.R-001.assessments[0].frequency",
        "found low and per_year; expected one of these sets of fields: low and high;",
    ),
    (
        (SECURITY, "frequency: {low: 0.1, high: 1}", "frequency: 3"),
        "frequency:",
        "risks.R-001.assessments[0].frequency",
        "found '3'; expected a mapping of fields",
    ),
    (
        (SECURITY, "{yearly_probability: 0.3}", "{yearly_probability: 1}"),
        "yearly_probability",
        "risks.R-001.assessments[3].frequency.yearly_probability",
        "below 1",
    ),
    (
        (SECURITY, "loss: {p50: 180000, p90: 1400000}", "loss: {p50: 180000, p90: 140000}"),
        "p90: 140000}",
        "risks.R-001.assessments[3].loss.p90",
        "above p50",
    ),
    ((SECURITY, "{low: 20000, high: 900000}", "{low: 20k, high: 900000}"), "20k", "", "without exponent, separators"),
    ((SECURITY, "controls: {IAM-02: , END-04: 0.4}", "controls: {IAM-02: 1.4}"), "1.4", "", "from 0 to 1"),
    ((SECURITY, "END-04: 0.4", "END-94: 0.4"), "END-94", "", "a control of the register or of the starter library"),
    ((SECURITY, "round: RND-2026-1", "round: RND-2026-2"), "round:", "risks.R-001.assessments[0].round", "RND-2026-1"),
    (
        (SECURITY, "        basis: with_controls\n", ""),
        "- effective_on: 2026-01-20",
        "risks.R-001.assessments[0].basis",
        "what the estimate stands on",
    ),
    (
        (SECURITY, "        controls: {IAM-02: , IAM-04: }\n", ""),
        SECOND_OF_JULY,
        "risks.R-001.assessments[3].controls",
        "the controls of the library entry",
    ),
    (
        (SECURITY, "        rationale: Nothing new in the quarter.\n", ""),
        "- effective_on: 2026-04-10",
        "risks.R-001.assessments[1].rationale",
        "why nothing changed",
    ),
    (
        (SECURITY, "effective_on: 2026-04-10", "effective_on: 2025-12-31"),
        "- effective_on: 2025-12-31",
        "risks.R-001.assessments[1]",
        "a review without an earlier assessment",
    ),
    (
        (SECURITY, "rationale: Nothing new", "frequency: {per_year: 2}\n        rationale: Nothing new"),
        "frequency: {per_year: 2}",
        "risks.R-001.assessments[1].frequency",
        "A review without change keeps the figures",
    ),
    (
        (SECURITY, "        key: before-controls\n", ""),
        SECOND_OF_JULY,
        "risks.R-001.assessments[3].effective_on",
        "found a second fact of 2026-07-15",
    ),
    ((SECURITY, "estimators: [ruth, omar]", "estimators: [ruth, eve]"), "[ruth, eve]", "", "a person that is defined"),
    ((SECURITY, "low: 0.5, likely: 0.7, high: 0.9", "low: 0.5, likely: 0.7, high: 1.9"), "1.9", "", "from 0 to 1"),
    (
        (SECURITY, "        factor: susceptibility\n        efficacy: {low: 0.5, likely: 0.7, high: 0.9}\n", ""),
        "- control: IAM-02",
        "risks.R-001.effects[0].factor",
        "Add factor.",
    ),
    (
        (SECURITY, "        efficacy: {low: 0.5, likely: 0.7, high: 0.9}\n", ""),
        "- control: IAM-02",
        "risks.R-001.effects[0].efficacy",
        "susceptibility acts by a number",
    ),
    (
        (SECURITY, "factor: decision_quality", "factor: decision_quality, efficacy: {low: 0, likely: 0.1, high: 0.2}"),
        "decision_quality",
        "risks.R-001.effects[2].efficacy",
        "acts through other controls or estimates",
    ),
    (
        (SECURITY, "factor: susceptibility\n", "factor: susceptibility\n        function: loss_reduction\n"),
        "function:",
        "risks.R-001.effects[0].function",
        "Prevention makes events rarer",
    ),
    (
        (SECURITY, "        effective_on: 2026-06-15\n", ""),
        "- control: IAM-02\n        factor: susceptibility\n        efficacy: {low: 0.7",
        "risks.R-001.effects[1].control",
        "a second effect of IAM-02 on susceptibility",
    ),
    ((SECURITY, "variant_efficacy: 0.1", "variant_efficacy: 0.99"), "0.99", "", "at most the efficacy while it works"),
    (
        (SECURITY, "requested_by: ruth", "requested_by: erin"),
        "accepted_by: erin",
        "risks.R-001.acceptances[0].accepted_by",
        "found 'erin', who also requested it; expected another person.",
    ),
    ((SECURITY, "authority: executive\n", "authority: chief\n"), "authority: chief", "", "executive, board"),
    ((SECURITY, "until: 2026-12-31", "until: 2026-01-31"), "until: 2026-01-31", "", "on or after effective_on"),
    (
        (SECURITY, "rating: high,", "rating: hihg,"),
        "hihg",
        "risks.R-001.acceptances[0].ceiling.rating",
        "Did you mean 'high'",
    ),
    ((SECURITY, "ceiling: {annual_loss: 300000}", "ceiling: {}"), "ceiling: {}", "", "neither rating nor annual_loss"),
    ((OTHER, "    kind: condition\n", ""), "modifies", "", "kind: condition"),
    ((OTHER, "modifies: [R-002]", "modifies: [R-003]"), "modifies", "", "which is a condition itself"),
    (
        (OTHER, "    modifies: [R-002]\n", ""),
        "R-003",
        "risks.R-003.modifies",
        "the risks that the condition makes worse",
    ),
    (
        (
            OTHER,
            "method: levels, basis: inherent, frequency: {level: 3}, loss: {level: 1}",
            "basis: inherent, frequency: {per_year: 3}, loss: {amount: 1}",
        ),
        "amount: 1}",
        "risks.R-003.assessments[0]",
        "A condition has no events of its own",
    ),
    ((OTHER, "frequency: {level: 3}", "frequency: {level: 5}"), "level: 5", "", "a level from 1 to 4 of scale 2026"),
    ((OTHER, "override: {likelihood: 4", "override: {likelihood: 9"), "likelihood: 9", "", "a level from 1 to 4"),
    ((OTHER, "        method: levels\n", ""), "frequency: {level: 3}", "", "Say method: levels, or give figures."),
    ((OTHER, "loss: {level: 2}", "loss: {level: 2}\n        currency: EUR"), "EUR", "", "the currency of scale 2026"),
    ((OTHER, "formerly: R-009", "formerly: R-001"), "formerly", "risks.R-002.formerly", "which is still a risk"),
    ((OTHER, "closed_on: 2026-05-31", "closed_on: 2025-05-31"), "closed_on", "risks.R-004.closed_on", "identified_on"),
    (
        ("evidence.yaml", "idp-mfa-active-users:", "idp-mfa-activ-users:"),
        "activ-",
        "",
        "Did you mean 'idp-mfa-active-users'",
    ),
    (("evidence.yaml", "controls: [IAM-02], thr", "controls: [IAM-22], thr"), "IAM-22", "", "Did you mean 'IAM-02'?"),
    (("evidence.yaml", "path: evidence/terminals.csv", "path: ../terminals.csv"), "../", "", "a path below evidence/"),
    (
        ("evidence.yaml", "performed_by: ruth", "performed_by: erin"),
        "performed_by",
        "manual_tests.MT-GOV-02.results[0].performed_by",
        "found 'erin', who owns GOV-02",
    ),
    (("evidence.yaml", "deviations: 1,", "deviations: 3,"), "deviations: 3", "", "0 to the 2 items tested"),
    (
        ("evidence.yaml", "test: leavers-disabled", "test: leaver"),
        "test: leaver",
        "exceptions.EX-001.test",
        "control test",
    ),
    (
        ("evidence.yaml", "expires_on: 2026-10-31", "expires_on: 2027-10-31"),
        "expires_on: 2027",
        "exceptions.EX-001.expires_on",
        "found 549 days; expected at most 366 days",
    ),
    (("evidence.yaml", "expires_on: 2026-10-31", "expires_on: 2026-04-30"), "expires_on", "", "on or after starts_on"),
    (("evidence.yaml", "approved_by: erin", "approved_by: omar"), "approved_by", "", "who also requested it"),
    (
        ("evidence.yaml", 'keys: ["crm|a-118"]', "keys: []"),
        "keys: []",
        "exceptions.EX-001.keys",
        "the keys of the failing",
    ),
]


@pytest.mark.parametrize(("edit", "on_line", "field", "words"), FIELD_CASES, ids=lambda value: str(value)[:60])
def test_a_fault_in_a_field_is_named(tmp_path: Path, edit: Edit, on_line: str, field: str, words: str) -> None:
    folder = changed(tmp_path, edit)
    found = problems_of(folder)
    fitting = [p for p in found if words in str(p) and field in (p.field, "")]
    assert fitting, "\n".join(str(p) for p in found)
    assert (fitting[0].file, fitting[0].line) == (edit[0], line_of(folder, edit[0], on_line))


FILE_CASES: list[tuple[Edit, int | None, str]] = [
    (
        ("x.yaml", "", "risks:\n  R-001: {title: again}\n"),
        2,
        "'R-001' again; it stands first in risks/security.yaml, line 2",
    ),
    (("x.yaml", "", "risks: [a]\n"), 1, "a mapping of references to records"),
    (
        ("x.yaml", "", "risk:\n  R-9: {}\n"),
        1,
        "found the unknown kind 'risk'; expected a known kind. Did you mean 'risks'?",
    ),
    (("x.yaml", "", "- a\n"), 1, "a mapping of kinds"),
    (("x.yaml", "", "persons:\n  9lives: {name: x}\n"), 2, "found the reference '9lives'"),
    (("x.yaml", "", 'persons:\n  "../x": {name: x}\n'), 2, "found the reference '../x'"),
    (("x.yaml", "", "persons:\n  mallory:\n"), 2, "persons.mallory: found nothing; expected a mapping of fields"),
    (("x.yaml", "", "organisation: {name: Other}\n"), 1, "it in organisation.yaml only"),
    (("x.yaml", "", "persons: &a\n  x: {name: *a}\n"), 1, "found the anchor &a"),
    (
        ("x.yaml", "", "persons:\n  x: !!python/object/apply:os.system [id]\n"),
        2,
        "found the tag tag:yaml.org,2002:python",
    ),
    (("x.yaml", "", "persons:\n  x: {name: a}\n  x: {name: b}\n"), 3, "the key 'x' again; it stands first on line 2"),
    (("x.yaml", "", "persons:\n\tx: {name: a}\n"), 2, "found a tab character"),
    (("x.yaml", "", "---\na: 1\n---\nb: 1\n"), 3, "found a second document"),
    (("x.yaml", "", "\ufeffpersons:\n"), 1, "found a byte order mark"),
    (("x.yaml", "", "persons:\n  x: {name: \udcff}\n"), 2, "found the byte 0xFF; expected UTF-8 text"),
    (("x.yaml", "", "a: \0"), 1, "found the character U+0000"),
    (("x.yaml", "", "a: [" + "[" * 99 + "]" * 100), 1, "more than 64 levels of nesting"),
    (("x.yaml", "", "# " + "x" * 5_000_000), None, "more than 5,000,000 bytes"),
    (
        ("risks/x.yml", "", "risks:\n"),
        None,
        "found the ending .yml; expected the ending .yaml. Rename it to risks/x.yaml.",
    ),
    ((ORGANISATION, "organisation:", "organization:"), 1, "Did you mean 'organisation'?"),
]


@pytest.mark.parametrize(("edit", "line", "words"), FILE_CASES, ids=lambda value: str(value)[:60])
def test_a_fault_of_a_file_is_named(tmp_path: Path, edit: Edit, line: int | None, words: str) -> None:
    found = problems_of(changed(tmp_path, edit))
    fitting = [p for p in found if words in str(p)]
    assert fitting, "\n".join(str(p) for p in found)
    assert (fitting[0].file, fitting[0].line) == (edit[0], line)


def _link_out(folder: Path) -> None:
    (folder / "x.yaml").symlink_to("/etc/hostname")


def _link_to_folder(folder: Path) -> None:
    (folder / "more").symlink_to("/etc")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "x.yaml")


def _no_organisation(folder: Path) -> None:
    (folder / ORGANISATION).unlink()


def _empty_organisation(folder: Path) -> None:
    (folder / ORGANISATION).write_text("")


def _link_to_own_test(folder: Path) -> None:
    (folder / "control_tests" / "mine").mkdir(parents=True)
    (folder / "control_tests" / "mine" / "test.yaml").symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (_link_out, "x.yaml: found a symbolic link"),
        (_link_to_folder, "more: found a link to a folder"),
        (_pipe, "x.yaml: found a special file"),
        (_no_organisation, "organisation.yaml: found nothing; expected the file of the organisation"),
        (_empty_organisation, "organisation.yaml:1: found nothing; expected a mapping of kinds"),
        (_link_to_own_test, "control_tests/mine/test.yaml: found a symbolic link"),
    ],
)
def test_what_is_no_regular_file_inside_of_the_folder_is_not_read(
    tmp_path: Path, prepare: Callable[[Path], None], words: str
) -> None:
    folder = changed(tmp_path)
    prepare(folder)
    assert words in "\n".join(str(problem) for problem in problems_of(folder))


def test_a_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path / "file"):
        (tmp_path / "file").touch()
        with pytest.raises(ProblemsError, match="expected a register folder"):
            read_register(path)


def test_too_many_files_are_refused_before_they_are_read(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="more than 5 files"):
        read_register(changed(tmp_path), limits=FolderLimits(max_files=5))


def test_all_problems_of_all_files_come_at_once_sorted(tmp_path: Path) -> None:
    folder = changed(
        tmp_path,
        (SECURITY, "owner: ruth", "owner: rut"),
        (SECURITY, "identified_on: 2025-12-10", "identified_on: 2025-13-10"),
        (OTHER, "owner: omar", "owner: omra"),
        ("people.yaml", "email: ruth@", "email: ruth at "),
        ("controls.yaml", "coverage: 0.95", "coverage: 95"),
        ("x.yaml", "", "persons: &a {}\n"),
    )
    found = problems_of(folder)
    assert [p.field for p in found] == [
        "controls.IAM-04.coverage",
        "persons.ruth.email",
        "risks.R-002.owner",
        "risks.R-001.owner",
        "risks.R-001.identified_on",
        "persons",
    ]
    assert [p.order for p in found] == sorted(p.order for p in found)


def test_a_record_that_is_wrong_can_still_be_named_by_others(tmp_path: Path) -> None:
    folder = changed(tmp_path, ("people.yaml", "email: ruth@", "email: ruth at "))
    assert [p.field for p in problems_of(folder)] == ["persons.ruth.email"]


def test_a_sole_operator_may_decide_alone(tmp_path: Path) -> None:
    folder = changed(
        tmp_path,
        (ORGANISATION, "sole_operator: false", "sole_operator: true"),
        (SECURITY, "requested_by: ruth", "requested_by: erin"),
        ("evidence.yaml", "approved_by: erin", "approved_by: omar"),
        ("evidence.yaml", "performed_by: ruth", "performed_by: erin"),
    )
    assert read_register(folder).organisation.sole_operator


def test_own_tests_behind_a_link_are_not_read(tmp_path: Path) -> None:
    folder = changed(tmp_path)
    (tmp_path / "elsewhere" / "own").mkdir(parents=True)
    (tmp_path / "elsewhere" / "own" / "test.yaml").write_text("id: own\n")
    (folder / "control_tests").symlink_to(tmp_path / "elsewhere")
    (found,) = problems_of(folder)
    assert (found.file, found.found) == ("control_tests", "a link to a folder")
