"""What `buttress init` asks: about a dozen questions on the organisation and a list of usual controls, as data.

The keys of the questions are the fields of `Answers`; a door asks them in this order, one line each, reads a line with
`read_line` and hands what it collected to `answers_from`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class QuestionKind(StrEnum):
    """How a line of text answers: lists are separated by commas, vendors are `name:tier`."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    DAY = "day"
    YES_NO = "yes_no"
    CHOICE = "choice"
    SEVERAL = "several"
    LIST = "list"
    VENDORS = "vendors"


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a closed vocabulary and what it means in plain words."""

    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Condition:
    """Asked only where the answer to `key` is, or holds, one of `values`; negated, where it is none of them."""

    key: str
    values: frozenset[str]
    is_negated: bool = False

    def holds(self, collected: Mapping[str, Any]) -> bool:
        answer = collected.get(self.key)
        given = {str(value) for value in answer} if isinstance(answer, list | tuple) else {str(answer)}
        return bool(given & self.values) is not self.is_negated


@dataclass(frozen=True, slots=True)
class Question:
    """`default` is the line that an empty answer stands for; None: an answer is needed, "": it may stay empty."""

    key: str
    prompt: str
    help: str
    kind: QuestionKind
    default: str | None = None
    choices: tuple[Choice, ...] = ()
    only_if: Condition | None = None

    def is_asked(self, collected: Mapping[str, Any]) -> bool:
        """Whether the question makes sense after the answers `collected` so far."""
        return self.only_if is None or self.only_if.holds(collected)


@dataclass(frozen=True, slots=True)
class ControlQuestion:
    """Whether a control of the starter library is in place, in words that need no knowledge of it."""

    control: str
    group: str
    wording: str


class Holding(StrEnum):
    """How an organisation stands to a control."""

    IN_PLACE = "in_place"
    PLANNED = "planned"
    LACKING = "lacking"
    UNKNOWN = "unknown"


SECTORS = (
    Choice("information", "software, media, telecommunication"),
    Choice("financial", "banks, payments, insurance"),
    Choice("healthcare", "care, health data, life sciences"),
    Choice("retail", "trade and e-commerce"),
    Choice("manufacturing", "industry"),
    Choice("public", "government and education"),
    Choice("utilities", "energy, water, transport"),
    Choice("entertainment", "leisure and arts"),
    Choice("other", "anything else"),
)

HOSTINGS = (
    Choice("cloud", "with a cloud provider"),
    Choice("own_servers", "on servers of your own"),
    Choice("both", "both"),
)

DATA_KINDS = (
    Choice("customer_confidential", "customers' confidential business data"),
    Choice("customer_personal", "personal data that customers entrust to you"),
    Choice("payment", "payment or bank data"),
    Choice("health", "health data"),
    Choice("source_code", "source code of your product"),
    Choice("employee", "data of your own people"),
)

FEATURES = (
    Choice("own_software", "you write and release the software yourselves"),
    Choice("customer_accounts", "customers sign in to the service"),
    Choice("payments", "you pay suppliers, refunds or salaries from your own accounts"),
    Choice("office", "you have an office"),
    Choice("remote_hires", "you hire people whom you have not met in person"),
    Choice("ai_tools", "people use AI tools for work"),
    Choice("ai_product", "your product has AI features"),
)

CATEGORIES = (
    Choice("security", "always part of an examination"),
    Choice("availability", "the service is there as promised"),
    Choice("confidentiality", "confidential data is protected until it is deleted"),
    Choice("processing_integrity", "processing is complete, right and on time"),
    Choice("privacy", "personal data is handled as the notice says"),
)

ENGAGEMENT_TYPES = (
    Choice("type_1", "design of controls at a date"),
    Choice("type_2", "operation of controls over a period"),
)

HOLDINGS = (
    Choice(Holding.IN_PLACE, "done today"),
    Choice(Holding.PLANNED, "decided, not yet done"),
    Choice(Holding.LACKING, "not done"),
    Choice(Holding.UNKNOWN, "you would have to ask"),
)

_K = QuestionKind
QUESTIONS: tuple[Question, ...] = (
    Question("name", "What is the organisation called?", "As it should stand on reports.", _K.TEXT),
    Question("people", "How many people work there?", "Employees and contractors.", _K.WHOLE),
    Question(
        "annual_revenue_usd",
        "What is its yearly revenue, in US dollars?",
        "Sizes the scale and the suggested figures. A round figure will do; a budget if there is no revenue yet.",
        _K.NUMBER,
    ),
    Question(
        "sector",
        "In which sector?",
        "Published rates of incidents differ by sector.",
        _K.CHOICE,
        "information",
        SECTORS,
    ),
    Question("currency", "In which currency do you report?", "Three capitals, e.g. USD, EUR, GBP.", _K.TEXT, "USD"),
    Question(
        "usd_rate",
        "How many units of it for one US dollar?",
        "Suggested losses are in US dollars and are converted.",
        _K.NUMBER,
        only_if=Condition("currency", frozenset({"USD"}), is_negated=True),
    ),
    Question("time_zone", "In which time zone does a day end?", "A name such as Europe/Amsterdam.", _K.TEXT, "UTC"),
    Question(
        "owner",
        "Who looks after the register?",
        "A person's name. Risks and controls are theirs until you change it.",
        _K.TEXT,
    ),
    Question(
        "sole_operator",
        "Is this person the only one?",
        "Then checks of one's own work are allowed and marked.",
        _K.YES_NO,
        "no",
    ),
    Question(
        "approver",
        "Who approves for the executive?",
        "Another person's name. Nothing is approved by naming them.",
        _K.TEXT,
        "",
        only_if=Condition("sole_operator", frozenset({"yes", "true", "True"}), is_negated=True),
    ),
    Question("systems", "Which systems do customers rely on?", "Names, separated by commas.", _K.LIST),
    Question("hosting", "Where do they run?", "", _K.CHOICE, "cloud", HOSTINGS),
    Question(
        "cloud_provider",
        "Which cloud provider?",
        "It becomes your first subservice organisation.",
        _K.TEXT,
        "",
        only_if=Condition("hosting", frozenset({"own_servers"}), is_negated=True),
    ),
    Question(
        "data", "Which data do you hold?", "", _K.SEVERAL, "customer_confidential, source_code, employee", DATA_KINDS
    ),
    Question(
        "features",
        "What applies to you?",
        "Risks that need what you do not have are left out.",
        _K.SEVERAL,
        "own_software, customer_accounts, payments, office, ai_tools",
        FEATURES,
    ),
    Question(
        "vendors",
        "Which other vendors do you depend on?",
        "name:tier, separated by commas. Tier 1: you stop without them or they hold customer data; 3: easily replaced.",
        _K.VENDORS,
        "",
    ),
    Question("categories", "Which categories shall the report cover?", "", _K.SEVERAL, "security", CATEGORIES),
    Question("engagement_type", "Which type of report?", "", _K.CHOICE, "type_2", ENGAGEMENT_TYPES),
    Question(
        "period_start", "When does the period start?", "For type 1: when preparation starts. Empty: today.", _K.DAY, ""
    ),
    Question("period_end", "When does it end?", "For type 1: the date of the report. Empty: a year later.", _K.DAY, ""),
)

_PEOPLE, _ACCESS, _DEVICES = "People and rules", "Accounts and access", "Devices and mail"
_CHANGES, _OPERATION, _RESPONSE = "Building and changing", "Running and watching", "When something happens"
_VENDORS, _STEERING, _DATA = "Vendors", "Steering", "Data"

CONTROL_QUESTIONS: tuple[ControlQuestion, ...] = (
    ControlQuestion("GOV-01", _PEOPLE, "Everybody signs a code of conduct on joining and each year"),
    ControlQuestion("GOV-04", _PEOPLE, "Policies are written, approved and reviewed each year"),
    ControlQuestion("HRS-01", _PEOPLE, "New people are screened before they get access"),
    ControlQuestion("HRS-03", _PEOPLE, "Everybody is trained in security on joining and each year"),
    ControlQuestion("HRS-05", _PEOPLE, "Contracts hold confidentiality and security duties"),
    ControlQuestion("IAM-01", _ACCESS, "Staff sign in to everything through one identity provider"),
    ControlQuestion("IAM-02", _ACCESS, "Multi-factor sign-in is enforced for everybody"),
    ControlQuestion("IAM-03", _ACCESS, "Access is asked for, approved and recorded"),
    ControlQuestion("IAM-04", _ACCESS, "Leavers lose access within a day"),
    ControlQuestion("IAM-05", _ACCESS, "Somebody reviews all access each quarter"),
    ControlQuestion("IAM-06", _ACCESS, "Administrator rights are few, time-bound and logged"),
    ControlQuestion("IAM-07", _ACCESS, "Machine passwords and keys live in a vault and code is scanned for them"),
    ControlQuestion("IAM-08", _ACCESS, "Tests on each release show that customers cannot see each other's data"),
    ControlQuestion("PHY-01", _ACCESS, "Office doors are locked and visitors escorted"),
    ControlQuestion("END-01", _DEVICES, "Laptops are managed, encrypted and can be wiped"),
    ControlQuestion("END-02", _DEVICES, "Laptops and servers have endpoint detection"),
    ControlQuestion("END-04", _DEVICES, "Mail is filtered and your domains are protected against forgery"),
    ControlQuestion("AST-03", _DEVICES, "Leavers give back devices and badges"),
    ControlQuestion("CHG-01", _CHANGES, "Another person reviews each change, and tests must pass"),
    ControlQuestion("CHG-02", _CHANGES, "Only the pipeline deploys, from a tracked change"),
    ControlQuestion("CHG-03", _CHANGES, "Urgent changes are reviewed afterwards"),
    ControlQuestion("CHG-04", _CHANGES, "Tests use no real customer data"),
    ControlQuestion("CHG-05", _CHANGES, "Cloud and server settings are compared with a standard each day"),
    ControlQuestion("CHG-07", _CHANGES, "Packages that you build on are pinned and scanned"),
    ControlQuestion("VUL-01", _CHANGES, "Everything is scanned for weaknesses each week"),
    ControlQuestion("VUL-02", _CHANGES, "Weaknesses are fixed within set times"),
    ControlQuestion("VUL-03", _CHANGES, "Outsiders test the defences each year"),
    ControlQuestion("AST-01", _OPERATION, "There is a current list of systems, accounts and devices"),
    ControlQuestion("NET-01", _OPERATION, "Production is closed off from everything else"),
    ControlQuestion("NET-02", _OPERATION, "A web filter stands before the service"),
    ControlQuestion("CRY-01", _OPERATION, "All traffic is encrypted"),
    ControlQuestion("CRY-02", _OPERATION, "All stored data is encrypted"),
    ControlQuestion("LOG-01", _OPERATION, "Logs are collected in one place and kept for a year"),
    ControlQuestion("LOG-02", _OPERATION, "Somebody looks at alerts at all hours"),
    ControlQuestion("AVL-01", _OPERATION, "Capacity is watched and grows by itself"),
    ControlQuestion("AVL-02", _OPERATION, "Backups run daily and cannot be deleted with the originals"),
    ControlQuestion("AVL-03", _OPERATION, "Backups are restored for practice each quarter"),
    ControlQuestion("AVL-06", _OPERATION, "The service runs in more than one zone"),
    ControlQuestion("DAT-01", _DATA, "Data is deleted by a schedule and when contracts end"),
    ControlQuestion("PRO-03", _DATA, "Processing is watched and totals are reconciled"),
    ControlQuestion("PRV-01", _DATA, "A privacy notice is current and easy to find"),
    ControlQuestion("PRV-04", _DATA, "Requests of people about their data are answered in time"),
    ControlQuestion("INC-01", _RESPONSE, "A written incident plan names who decides"),
    ControlQuestion("INC-03", _RESPONSE, "You can cut off a machine or an account at once"),
    ControlQuestion("INC-04", _RESPONSE, "You know whom to tell of an incident, and by when"),
    ControlQuestion("AVL-04", _RESPONSE, "A continuity plan names recovery times"),
    ControlQuestion("VEN-01", _VENDORS, "There is a list of vendors with what they hold"),
    ControlQuestion("VEN-02", _VENDORS, "Important vendors are assessed before use and each year"),
    ControlQuestion("FIN-01", _VENDORS, "Changed bank details are called back, and two people approve payments"),
    ControlQuestion("GOV-02", _STEERING, "A board or advisers look at security twice a year"),
    ControlQuestion("RSK-01", _STEERING, "Risks are assessed each year"),
    ControlQuestion("AIS-01", _STEERING, "AI tools are approved before use"),
)


def questions_asked(collected: Mapping[str, Any]) -> int:
    """How many questions there are in all for one who answers as `collected`, and as usual where it says nothing."""
    usual = {question.key: read_line(question, "") for question in QUESTIONS if question.default is not None}
    return sum(question.is_asked({**usual, **collected}) for question in QUESTIONS)


def read_line(question: Question, line: str) -> Any:
    """What a typed line answers, in the form that `answers_from` takes; an empty line stands for the default.

    Raises ValueError with what was expected. The values themselves are checked by `answers_from`.
    """
    text = line.strip() or (question.default or "")
    if not text:
        if question.default is None:
            raise ValueError("an answer is needed")
        return [] if question.kind in (QuestionKind.LIST, QuestionKind.SEVERAL, QuestionKind.VENDORS) else None
    return _READERS[question.kind](question, text)


def read_holding(line: str) -> Holding:
    """The answer to a control question: a word of `Holding`, or its first letter; empty is unknown."""
    text = line.strip().lower()
    for holding in Holding:
        if text in (holding.value, holding.value.replace("_", " "), holding.value[0]):
            return holding
    if not text:
        return Holding.UNKNOWN
    raise ValueError(f"{line!r} is no answer; give one of {', '.join(Holding)}, or its first letter")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _yes_or_no(text: str) -> str:
    if text.lower() in ("yes", "y", "true"):
        return "true"
    if text.lower() in ("no", "n", "false"):
        return "false"
    raise ValueError(f"{text!r} is neither yes nor no")


def _choice(question: Question, text: str) -> str:
    """The value chosen by its word, or by its number from 1."""
    values = [choice.value for choice in question.choices]
    if text.isdigit() and 1 <= int(text) <= len(values):
        return values[int(text) - 1]
    word = text.lower().replace(" ", "_").replace("-", "_")
    if word in values:
        return word
    raise ValueError(f"{text!r} is not one of {', '.join(values)}")


def _vendor(text: str) -> dict[str, str]:
    name, _, tier = text.rpartition(":")
    if not name:
        return {"name": text}
    return {"name": name.strip(), "tier": tier.strip()}


def _number(text: str) -> str:
    """Digits without the separators that people type."""
    return text.replace(" ", "").replace("_", "").replace(",", "")


_READERS: dict[QuestionKind, Callable[[Question, str], Any]] = {
    QuestionKind.TEXT: lambda _, text: text,
    QuestionKind.DAY: lambda _, text: text,
    QuestionKind.WHOLE: lambda _, text: _number(text),
    QuestionKind.NUMBER: lambda _, text: _number(text),
    QuestionKind.YES_NO: lambda _, text: _yes_or_no(text),
    QuestionKind.CHOICE: _choice,
    QuestionKind.SEVERAL: lambda question, text: [_choice(question, part) for part in _parts(text)],
    QuestionKind.LIST: lambda _, text: _parts(text),
    QuestionKind.VENDORS: lambda _, text: [_vendor(part) for part in _parts(text)],
}
