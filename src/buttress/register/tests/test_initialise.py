"""A first register: chosen by the answers, sized to the organisation, a draft in everything that nobody decided."""

import json
from datetime import date
from decimal import Decimal

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from buttress.controls.library import starter_controls
from buttress.core.posture import posture
from buttress.core.snapshot import Category
from buttress.criteria.catalogue import criteria_in_scope
from buttress.register.checking.check import check
from buttress.register.files.reader import read_register
from buttress.register.snapshot import build_snapshot
from buttress.register.starting.answers import answers_from
from buttress.register.starting.initialise import initialise, write_first_register
from buttress.register.starting.inventory import reference_of
from buttress.register.starting.questions import CATEGORIES, CONTROL_QUESTIONS, FEATURES, HOSTINGS, Holding
from buttress.register.starting.readme import FIRST_DATASETS, readme
from buttress.register.starting.risks import (
    assumed_controls,
    chosen_controls,
    chosen_risks,
    control_questions,
    rescaling,
    undated_plans,
)
from buttress.risks.base_rates import coherence
from buttress.risks.library import Calibration, starter_risks

TODAY = date(2026, 11, 24)

TINY = {
    "name": "Saltmarsh",
    "people": "8",
    "annual_revenue_usd": "1200000",
    "owner": "Mallory Reed",
    "sole_operator": "true",
    "systems": ["Notes"],
    "cloud_provider": "Northcloud",
    "features": ["own_software", "customer_accounts", "ai_tools"],
    "controls": {"IAM-02": "in_place", "CHG-01": "in_place", "END-02": "lacking"},
}
SAAS = {
    "name": "Harbourline",
    "people": "50",
    "annual_revenue_usd": "8000000",
    "owner": {"name": "Ruth Vega", "email": "ruth@harbourline.example"},
    "approver": "Erin Moss",
    "systems": ["Planner", "Planner API"],
    "cloud_provider": "Northcloud",
    "vendors": [{"name": "Signin", "tier": "1"}, {"name": "Mailer", "tier": "3"}],
    "controls": {
        "IAM-02": {"holding": "in_place", "since": "2024-03-01"},
        "IAM-04": {"holding": "planned", "on": "2027-01-31"},
        "LOG-02": "lacking",
        "CHG-01": "in_place",
    },
}
HEALTH = {
    "name": "Careflow",
    "people": "400",
    "annual_revenue_usd": "60000000",
    "sector": "healthcare",
    "currency": "EUR",
    "usd_rate": "0.92",
    "time_zone": "Europe/Amsterdam",
    "owner": "Ruth Vega",
    "approver": "Erin Moss",
    "systems": ["Care Portal"],
    "hosting": "both",
    "cloud_provider": "Northcloud",
    "data": ["health", "customer_personal", "employee"],
    "features": [choice.value for choice in FEATURES],
    "categories": ["security", "availability", "confidentiality", "privacy"],
    "vendors": ["Labs"],
}
CASES = {"tiny": TINY, "saas": SAAS, "health": HEALTH}


def made(given):
    """All records of a first register by kind."""
    return {
        kind: records for kinds in initialise(answers_from(given), TODAY).values() for kind, records in kinds.items()
    }


def test_sizes_of_three_first_registers():
    sizes = {name: made(given) for name, given in CASES.items()}
    assert {name: (len(kinds["risks"]), len(kinds["controls"])) for name, kinds in sizes.items()} == {
        "tiny": (33, 45),
        "saas": (38, 61),
        "health": (62, 91),
    }


@pytest.mark.parametrize("given", CASES.values(), ids=CASES)
def test_every_common_criterion_has_a_control_and_every_risk_one_that_answers_it(given):
    answers = answers_from(given)
    controls = chosen_controls(answers)
    answered = {criterion for control in controls.values() for criterion in control.criteria}
    assert {c.id for c in criteria_in_scope(answers.in_scope)} <= answered
    for risk in chosen_risks(answers).values():
        assert set(risk.controls) & set(controls), risk.id


@pytest.mark.parametrize("given", CASES.values(), ids=CASES)
def test_what_is_written_checks_clean_and_leaves_only_what_people_must_do(given, tmp_path):
    write_first_register(tmp_path / "register", answers_from(given), TODAY)
    report = check(tmp_path / "register", TODAY)
    assert report.problems == ()
    # Nobody has approved anything, or considered fraud and change; what the figures add up to is plausible.
    left = {"scales[0]", "appetite[0]", "engagements[0]"}
    assert {warning.field for warning in report.warnings} == {f"organisation.{field}" for field in left}
    for left in ("considered fraud", "considered change"):
        assert any(left in warning.found for warning in report.warnings)


@pytest.mark.parametrize("given", CASES.values(), ids=CASES)
def test_a_first_register_has_a_posture_on_its_first_day(given, tmp_path):
    write_first_register(tmp_path / "register", answers_from(given), TODAY)
    found = posture(build_snapshot(read_register(tmp_path / "register"), TODAY))
    events = [risk for risk in found.risks if not risk.is_condition]
    assert all(risk.residual is not None and risk.inherent.mean >= risk.residual.mean for risk in events)
    # Between a thousandth and a tenth of revenue is what such an organisation may expect to lose in a year.
    rate = float(given.get("usd_rate", 1))
    assert 0.001 < sum(risk.mean for risk in events) / (float(given["annual_revenue_usd"]) * rate) < 0.1


def test_a_lacking_control_raises_the_residual_and_one_in_place_does_not(tmp_path):
    means = {}
    for holding in ("lacking", "in_place", "unknown", "planned"):
        folder = tmp_path / holding
        write_first_register(folder, answers_from({**SAAS, "controls": {"IAM-02": holding}}), TODAY)
        found = posture(build_snapshot(read_register(folder), TODAY)).risk("R-01")
        means[holding] = found.residual.mean, found.target.mean
    assert means["in_place"] == pytest.approx(means["unknown"])
    assert means["lacking"][0] > 2 * means["in_place"][0]
    assert means["planned"][0] == pytest.approx(means["lacking"][0])
    assert means["planned"][1] == pytest.approx(means["in_place"][1])


@pytest.mark.parametrize(
    ("feature", "risks", "controls"),
    [
        ("office", {"R-22"}, {"PHY-01"}),
        ("payments", {"R-17", "R-29"}, {"FIN-01", "GOV-05"}),
        ("ai_product", {"R-51"}, set()),
        ("remote_hires", {"R-30"}, set()),
        ("customer_accounts", {"R-06", "R-09"}, {"IAM-08"}),
    ],
)
def test_what_an_organisation_does_not_have_brings_no_risk_and_no_control(feature, risks, controls):
    every = [choice.value for choice in FEATURES]
    answers = answers_from({**HEALTH, "features": every})
    without = answers_from({**HEALTH, "features": [word for word in every if word != feature]})
    assert chosen_risks(answers).keys() - chosen_risks(without).keys() == risks
    assert chosen_controls(answers).keys() - chosen_controls(without).keys() == controls


def test_ai_is_left_out_only_where_neither_people_nor_product_use_it():
    answers = answers_from({**HEALTH, "features": ["own_software"]})
    assert {"R-28", "R-51"}.isdisjoint(chosen_risks(answers))
    assert "AIS-01" not in chosen_controls(answers)
    assert "R-28" in chosen_risks(answers_from({**HEALTH, "features": ["ai_product"]}))


def test_own_servers_need_no_cloud():
    answers = answers_from({**SAAS, "hosting": "own_servers"})
    kinds = made({**SAAS, "hosting": "own_servers"})
    assert "PHY-02" not in chosen_controls(answers)
    assert "cloud-accounts" not in kinds["assets"]
    assert "own-servers" in kinds["assets"]["planner"]["depends_on"]
    assert "northcloud" not in kinds["vendors"]


@given(
    st.sets(st.sampled_from([c.value for c in FEATURES])),
    st.sets(st.sampled_from([c.value for c in CATEGORIES])),
    st.sampled_from([c.value for c in HOSTINGS]),
    st.integers(1, 5000),
)
@settings(max_examples=40, deadline=None)
def test_links_of_a_first_register_lead_somewhere(features, categories, hosting, people):
    kinds = made({**SAAS, "features": features, "categories": categories, "hosting": hosting, "people": str(people)})
    risks = kinds["risks"]
    for risk in risks.values():
        assert set(risk.get("assets", ())) <= set(kinds["assets"])
        assert set(risk.get("objectives", ())) <= set(kinds["objectives"])
        assert set(risk.get("vendors", ())) <= set(kinds.get("vendors", ()))
        assert set(risk.get("modifies", ())) <= set(risks)
        assert risk["threat"] in kinds["threats"]
        assert {effect["control"] for effect in risk["effects"]} <= set(starter_controls())
    for asset in kinds["assets"].values():
        assert set(asset.get("depends_on", ())) <= set(kinds["assets"])


@pytest.mark.parametrize("given", CASES.values(), ids=CASES)
def test_nobody_has_approved_or_considered_anything(given):
    kinds = made(given)
    organisation = kinds["organisation"]
    for fact in (*organisation["scales"], *organisation["appetite"]):
        assert "approved_by" not in fact
    (round_,) = kinds["rounds"].values()
    assert (round_["fraud_considered"], round_["change_considered"], round_.get("approver")) == (False, False, None)
    assert round_["effective_on"] == TODAY
    assert "acceptances" not in {field for risk in kinds["risks"].values() for field in risk}


def test_controls_say_only_what_was_answered():
    controls = made(SAAS)["controls"]
    assert controls["IAM-02"]["in_place_on"] == date(2024, 3, 1)
    (walkthrough,) = controls["IAM-02"]["walkthroughs"]
    assert (walkthrough["procedure"], walkthrough["performed_by"]) == ("inquiry", "ruth")
    assert controls["CHG-01"]["in_place_on"] == TODAY
    assert controls["IAM-04"]["planned_on"] == date(2027, 1, 31)
    assert "in_place_on" not in controls["IAM-04"]
    assert controls["LOG-02"]["lacking"]["since"] == TODAY
    about = {"library": "GOV-01", "title": "Code of conduct acknowledged", "owner": "ruth", "is_key": True}
    assert controls["GOV-01"] == about
    assert controls["LOG-02"]["is_key"]


def test_what_is_asked_about_is_key_whatever_was_answered():
    for answered in CASES.values():
        controls = made(answered)["controls"]
        asked = {question.control for question in CONTROL_QUESTIONS}
        assert {ref for ref, control in controls.items() if control.get("is_key")} == asked & controls.keys()


def test_files_name_the_schema_that_lies_beside_them_and_fit_it(tmp_path):
    folder = tmp_path / "register"
    for name, kinds in write_first_register(folder, answers_from(SAAS), TODAY).items():
        first, *_ = (folder / name).read_text().split("\n")
        assert first == "# yaml-language-server: $schema=register.schema.json"
        text = (folder / name).read_text()
        schema = Draft202012Validator(json.loads((folder / "register.schema.json").read_text()))
        assert [error.message for error in schema.iter_errors(editor_value(text))] == []
        assert kinds
    report = check(folder, TODAY)
    assert report.is_clean
    assert not [each for each in report.warnings if "schema" in each.file]


def editor_value(text):
    """The file as an editor reads it: YAML 1.2, where a date is a text."""
    loader = type("Editor", (yaml.SafeLoader,), {})
    loader.yaml_implicit_resolvers = {
        first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(text, loader)


def test_planned_controls_without_a_date_and_unknown_ones_are_told_of():
    answers = answers_from(
        {**SAAS, "controls": {"IAM-04": {"holding": "planned", "on": "2027-01-31"}, "LOG-02": "planned"}}
    )
    (line,) = undated_plans(answers, TODAY)
    assert "2027-02-22" in line
    assert "LOG-02" in line
    assert "IAM-04" not in line
    assert initialise(answers, TODAY)["controls.yaml"]["controls"]["LOG-02"]["planned_on"] == date(2027, 2, 22)
    (line,) = assumed_controls(answers)
    assert line.startswith(f"{len(chosen_controls(answers)) - 2} controls are unknown and stay assumed")
    everything = answers_from({**SAAS, "controls": dict.fromkeys(chosen_controls(answers), "in_place")})
    assert (undated_plans(everything, TODAY), assumed_controls(everything)) == ([], [])


def test_a_control_that_was_spoken_of_is_there_even_where_it_is_unusual():
    assert "DLP-01" not in made(TINY)["controls"]
    assert "DLP-01" in made({**TINY, "controls": {"DLP-01": "in_place"}})["controls"]


def test_a_risk_that_planned_controls_answer_has_a_plan():
    risks = made(SAAS)["risks"]
    (treatment,) = risks["R-24"]["treatments"]
    assert (treatment["response"], treatment["controls"], treatment["due_on"]) == (
        "reduce",
        ["IAM-04"],
        date(2027, 1, 31),
    )
    assert "treatments" not in risks["R-04"]


def test_estimates_stand_on_the_controls_listed_in_the_library():
    risk = made(SAAS)["risks"]["R-01"]
    (assessment,) = risk["assessments"]
    assert assessment["basis"] == "library"
    assert list(assessment["controls"]) == list(starter_risks()["R-01"].controls)
    assert [effect["control"] for effect in risk["effects"]] == list(assessment["controls"])
    # 0.0075 a year, for less than 10 million dollars of revenue (0.888) and the information sector (0.903).
    assert assessment["frequency"]["likely"] == Decimal("0.00602")
    assert assessment["loss"] == {"p50": Decimal(180000), "p90": Decimal(1400000)}
    assert assessment["cap"] == Decimal(8000000)
    assert "frequency × 0.888 for size × 0.903" not in assessment["rationale"]
    assert "frequency × 0.888 for size; frequency × 0.903 for sector" in assessment["rationale"]


def test_judged_priors_say_so_and_shrink_with_a_small_organisation():
    (assessment,) = made({**TINY, "categories": ["availability"]})["risks"]["R-31"]["assessments"]
    assert assessment["rationale"].startswith("Expert prior without data; loss × 0.12 for size.")
    assert assessment["loss"]["p50"] == Decimal(600)
    assert assessment["frequency"] == {"low": Decimal("0.5"), "likely": Decimal(2), "high": Decimal(5)}


def test_lost_devices_grow_with_the_number_of_people():
    answers = answers_from(SAAS)
    assert rescaling(starter_risks()["R-21"], answers).frequency == pytest.approx(50 / 200)
    assert rescaling(starter_risks()["R-22"], answers).frequency == 1.0


@pytest.mark.parametrize("given", CASES.values(), ids=CASES)
def test_a_first_register_agrees_with_the_published_rate(given):
    answers = answers_from(given)
    rates = {
        ref: risk.mean_frequency * rescaling(risk, answers).frequency
        for ref, risk in chosen_risks(answers).items()
        if risk.calibration is Calibration.IRIS
    }
    found = coherence(rates, answers.annual_revenue_usd, answers.sector)
    assert found.is_plausible
    assert 0.6 < found.ratio < 1.05


def test_the_scale_is_sized_to_revenue_in_the_reporting_currency():
    (scale,) = made(HEALTH)["organisation"]["scales"]
    assert scale["currency"] == "EUR"
    # 0.1 % of 60 million dollars at 0.92 euro each, to two digits.
    assert scale["impact"][0]["high"] == Decimal(55000)
    assert made(HEALTH)["organisation"]["rates"][0]["per_unit"] == {"USD": Decimal("0.92")}
    assert "rates" not in made(SAAS)["organisation"]


@given(st.floats(1000, 1e12))
@settings(max_examples=60, deadline=None)
def test_bands_of_any_revenue_rise_without_gaps(revenue):
    (scale,) = made({**TINY, "annual_revenue_usd": f"{revenue:.2f}"})["organisation"]["scales"]
    for bands in (scale["likelihood"], scale["impact"]):
        assert all(band["low"] < band["high"] for band in bands)
        assert [band["low"] for band in bands[1:]] == [band["high"] for band in bands[:-1]]


def test_ratings_never_fall_when_a_level_rises():
    (scale,) = made(TINY)["organisation"]["scales"]
    ranks = [[scale["ratings"].index(cell) for cell in row] for row in scale["cells"]]
    assert all(row == sorted(row) for row in ranks)
    assert all(list(column) == sorted(column) for column in zip(*ranks, strict=True))


def test_names_become_references_that_do_not_collide():
    kinds = made({**SAAS, "systems": ["Backups", "Ñandú", "東京"], "approver": "Ruth Moss"})
    assert list(kinds["persons"]) == ["ruth", "ruth-2"]
    systems = [ref for ref, asset in kinds["assets"].items() if asset["kind"] == "system"]
    assert systems == ["backups-2", "nandu", "system"]
    assert reference_of("42 Labs", [], fallback="vendor") == "vendor-42-labs"


def test_a_sole_operator_has_no_approver():
    assert list(made({**TINY, "approver": "Erin Moss"})["persons"]) == ["mallory"]


def test_the_engagement_holds_security_and_what_was_chosen():
    (engagement,) = made(HEALTH)["organisation"]["engagements"]
    assert engagement["categories"] == ["security", "availability", "confidentiality", "privacy"]
    assert (engagement["ref"], engagement["period_start"], engagement["period_end"]) == (
        "SOC2-2027",
        TODAY,
        date(2027, 11, 23),
    )
    commitments = [o for o in made(HEALTH)["objectives"].values() if o["kind"] == "commitment"]
    assert [Category(o["categories"][0]).value for o in commitments] == engagement["categories"]


def test_the_readme_names_data_sets_open_controls_and_usual_owners():
    text = readme(answers_from(SAAS), TODAY)
    assert "38 risks and 61 controls" in text
    assert "| idp_accounts |" in text
    assert "- GOV-01 Code of conduct acknowledged" in text
    assert "- IAM-02" not in text
    assert "| Head of People | GOV-01, HRS-01" in text
    on_own_servers = readme(answers_from({**SAAS, "hosting": "own_servers"}), TODAY)
    assert "cloud_findings" not in on_own_servers
    every = dict.fromkeys(starter_controls(), Holding.LACKING.value)
    assert "nobody has spoken of" not in readme(answers_from({**SAAS, "controls": every}), TODAY)


def test_first_data_sets_have_a_schema_and_serve_controls_of_the_library():
    from buttress.criteria.loading import content_text

    schemas = content_text("dataset_schemas.yaml")
    assert [d.name for d in FIRST_DATASETS if f"\n{d.name}:\n" not in schemas] == []
    assert {ref for d in FIRST_DATASETS for ref in d.controls} <= set(starter_controls())


def test_about_forty_controls_are_asked_of_a_middling_company_and_none_that_it_has_no_use_for():
    asked = {question.control for question in control_questions(answers_from(SAAS))}
    assert 38 <= len(asked) <= 46
    assert {"PRV-01", "PRO-03", "AVL-06"}.isdisjoint(asked)
    assert {"PRV-01", "AVL-06"} <= {question.control for question in control_questions(answers_from(HEALTH))}
