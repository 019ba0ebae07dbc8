"""What an organisation says of itself to `buttress init`, from a file or from a person at a terminal."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from buttress.controls.library import starter_controls
from buttress.core.snapshot import Category, EngagementType
from buttress.formats.models import Amount, Complaint, Day, Flag, Number, StrictModel, Text, Whole, complain, validated
from buttress.formats.problems import ProblemsError, nearest, refuse, shown
from buttress.formats.strict_yaml import Mark, YamlNode, read_yaml
from buttress.register.starting.questions import DATA_KINDS, FEATURES, HOSTINGS, Holding, Question, read_line
from buttress.risks.base_rates import Sector

_LARGEST_REVENUE = 1e13
_ANY = {"name": "-", "people": "1", "annual_revenue_usd": "1000000", "owner": "-", "systems": ["-"]}
"""Stand in for the answers that are needed, while others are judged before them."""


def _named(value: object) -> object:
    """A person or a vendor may be given by name alone."""
    return {"name": value} if isinstance(value, str) else value


def _split(value: object) -> object:
    """Names may be written as a list or, as one would say them, separated by commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _held(value: object) -> object:
    """A control may be answered by a word alone."""
    return {"holding": value} if isinstance(value, str) else value


class PersonAnswer(StrictModel):
    name: Text
    title: Text | None = None
    email: Text | None = None


class VendorAnswer(StrictModel):
    """`tier` 1: the organisation stops without it or it holds customer data; 3: easily replaced."""

    name: Text
    tier: Whole = 2
    services: Text | None = None
    is_subservice: Flag = False


class ControlAnswer(StrictModel):
    """`since` is when a control came into place, `on` when a planned one is due."""

    holding: Holding
    since: Day | None = None
    on: Day | None = None
    reason: Text | None = None


Person = Annotated[PersonAnswer, BeforeValidator(_named)]
Vendor = Annotated[VendorAnswer, BeforeValidator(_named)]
Names = Annotated[tuple[Text, ...], BeforeValidator(_split)]
Vendors = Annotated[tuple[Vendor, ...], BeforeValidator(_split)]
Categories = Annotated[frozenset[Category], BeforeValidator(_split)]
ControlWord = Annotated[ControlAnswer, BeforeValidator(_held)]


class Answers(StrictModel):
    """Field names are the keys of `questions.QUESTIONS`, which say what is asked. Security is always in `categories`.

    `usd_rate` is units of `currency` for one US dollar. Controls that are not spoken of are unknown.
    """

    name: Text
    people: Whole
    annual_revenue_usd: Number
    owner: Person
    systems: Names
    sector: Sector = Sector.INFORMATION
    currency: Text = "USD"
    usd_rate: Amount | None = None
    time_zone: Text = "UTC"
    sole_operator: Flag = False
    approver: Person | None = None
    hosting: Text = "cloud"
    cloud_provider: Text | None = None
    data: Names = ("customer_confidential", "source_code", "employee")
    features: Names = ("own_software", "customer_accounts", "payments", "office", "ai_tools")
    vendors: Vendors = ()
    categories: Categories = frozenset({Category.SECURITY})
    engagement_type: EngagementType = EngagementType.TYPE_2
    period_start: Day | None = None
    period_end: Day | None = None
    controls: dict[str, ControlWord] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _agree(self, info: ValidationInfo) -> "Answers":
        complain([*_figures(self), *_words(self), *_places(self), *_people(self), *_period(self), *_controls(self)])
        today = (info.context or {}).get("today")
        complain(_control_days(self, today) if today else ())
        return self

    @property
    def in_scope(self) -> frozenset[Category]:
        return self.categories | {Category.SECURITY}

    @property
    def has(self) -> frozenset[str]:
        """Features of the organisation in the words that the libraries use under `needs`."""
        features = set(self.features)
        if "ai_product" in features:
            features.add("ai_tools")
        if self.hosting in ("cloud", "both"):
            features.add("cloud")
        if self.hosting in ("own_servers", "both"):
            features.add("own_servers")
        return frozenset(features)

    def holding(self, control: str) -> Holding:
        answer = self.controls.get(control)
        return answer.holding if answer else Holding.UNKNOWN

    def period(self, today: date) -> tuple[date, date]:
        """The period of the engagement: a year from today where the answers leave it open."""
        start = self.period_start or min(today, self.period_end or today)
        return start, self.period_end or _a_year_from(start)


def _a_year_from(start: date) -> date:
    """The last day of the year that begins on `start`."""
    following = start.replace(year=start.year + 1, day=min(start.day, 28) if start.month == 2 else start.day)
    return date.fromordinal(following.toordinal() - 1)


def read_answers(path: Path, today: date | None = None) -> Answers:
    """The answers in a YAML file; with `today`, dates of controls are judged beside it.

    Raises `ProblemsError` with file, line and field of everything that is wrong.
    """
    if not path.is_file():
        raise refuse(str(path), None, "no file", "a YAML file of answers")
    return validated(Answers, read_yaml(path.read_bytes(), file=path.name), context={"today": today})


def answers_from(collected: Mapping[str, Any]) -> Answers:
    """The answers that a door collected, by question key; `controls` maps control ids to holdings.

    Raises `ProblemsError` naming the field.
    """
    return validated(Answers, YamlNode("answers", dict(collected), Mark(1, 1)))


def usual_answers(people: int) -> Answers:
    """What an organisation of so many people says that takes every default."""
    return answers_from({**_ANY, "people": str(people)})


def answer_to(question: Question, line: str, collected: Mapping[str, Any]) -> Any:
    """What a typed line answers, judged beside the answers `collected` before it, in the form of `answers_from`.

    Raises ValueError with what was found and what was expected.
    """
    value = read_line(question, line)
    if value is None:
        return None
    try:
        answers_from({**_ANY, **collected, question.key: value})
    except ProblemsError as error:
        faults = [problem for problem in error.problems if re.split(r"[.[]", problem.field)[0] == question.key]
        if faults:
            texts = (f"found {each.found}; expected {each.expected}. {each.advice}".rstrip() for each in faults)
            raise ValueError(" ".join(texts)) from None
    return value


def _figures(answers: Answers) -> list[Complaint]:
    complaints = []
    if not 1 <= answers.people <= 10_000_000:
        complaints.append(Complaint(("people",), str(answers.people), "1 to 10 million people"))
    if not 1000 <= answers.annual_revenue_usd <= _LARGEST_REVENUE:
        advice = "Where there is no revenue yet, give the yearly budget."
        found = shown(answers.annual_revenue_usd)
        complaints.append(Complaint(("annual_revenue_usd",), found, "at least 1000 US dollars", advice))
    currency = answers.currency
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        complaints.append(Complaint(("currency",), shown(currency), "three capitals, e.g. USD"))
    elif currency != "USD" and (answers.usd_rate is None or answers.usd_rate <= 0):
        advice = f"Suggested losses are in US dollars; give units of {currency} for one US dollar."
        complaints.append(Complaint(("usd_rate",), shown(answers.usd_rate), "a rate above 0", advice))
    return complaints


def _words(answers: Answers) -> list[Complaint]:
    """Complaints about words outside the closed vocabularies of the questions."""
    complaints = []
    vocabularies = (
        ("hosting", (answers.hosting,), HOSTINGS),
        ("data", answers.data, DATA_KINDS),
        ("features", answers.features, FEATURES),
    )
    for key, given, choices in vocabularies:
        known = [choice.value for choice in choices]
        for position, word in enumerate(given):
            if word not in known:
                path = (key,) if key == "hosting" else (key, position)
                complaints.append(Complaint(path, shown(word), f"one of {', '.join(known)}", nearest(word, known)))
    return complaints


def _places(answers: Answers) -> list[Complaint]:
    complaints = []
    if not answers.systems:
        complaints.append(Complaint(("systems",), "no system", "at least one system that customers rely on"))
    try:
        ZoneInfo(answers.time_zone)
    except (KeyError, ValueError, OSError):
        found = shown(answers.time_zone)
        complaints.append(Complaint(("time_zone",), found, "a time zone such as Europe/Amsterdam or UTC"))
    complaints += [
        Complaint(("vendors", position, "tier"), str(vendor.tier), "a tier from 1 to 3")
        for position, vendor in enumerate(answers.vendors)
        if not 1 <= vendor.tier <= 3
    ]
    return complaints


def _people(answers: Answers) -> list[Complaint]:
    if answers.sole_operator or answers.approver is None or answers.approver.name != answers.owner.name:
        return []
    advice = "Who asks and who approves must differ, unless there is only one person (sole_operator: true)."
    return [Complaint(("approver",), shown(answers.approver.name), "another person than the owner", advice)]


def _period(answers: Answers) -> list[Complaint]:
    start, end = answers.period_start, answers.period_end
    if start is None or end is None or start <= end:
        return []
    return [Complaint(("period_end",), str(end), f"a day not before the start, {start}")]


def _controls(answers: Answers) -> list[Complaint]:
    known = starter_controls()
    complaints = []
    for control, answer in answers.controls.items():
        if control not in known:
            advice = nearest(control, known)
            complaints.append(
                Complaint(("controls", control), shown(control), "a control of the starter library", advice)
            )
        if answer.since and answer.holding is not Holding.IN_PLACE:
            complaints.append(Complaint(("controls", control, "since"), str(answer.since), "since only with in_place"))
        if answer.on and answer.holding is not Holding.PLANNED:
            complaints.append(Complaint(("controls", control, "on"), str(answer.on), "on only with planned"))
    return complaints


def _control_days(answers: Answers, today: date) -> Iterator[Complaint]:
    """What is in place came by today, and what is planned comes from today on."""
    for control, answer in answers.controls.items():
        if answer.holding is Holding.IN_PLACE and answer.since and answer.since > today:
            expected = "a day not after today; use planned with on"
            yield Complaint(("controls", control, "since"), str(answer.since), expected)
        if answer.holding is Holding.PLANNED and answer.on and answer.on < today:
            expected = "a day not before today; use in_place with since"
            yield Complaint(("controls", control, "on"), str(answer.on), expected)
