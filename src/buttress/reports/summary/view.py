"""What a summary holds: frozen values for renderers. Money is in the reporting currency, dates and states are plain."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from buttress.core.criterion_state import Headline
from buttress.core.risk_posture import Tolerance
from buttress.core.verdicts import Verdict


class Answer(StrEnum):
    """The answer to "are we within appetite?"."""

    WITHIN = "within"
    OUTSIDE_TOLERANCE = "outside_tolerance"
    OVER = "over"
    CANNOT_SAY = "cannot_say"


@dataclass(frozen=True, slots=True)
class VerdictView:
    """The answer in a sentence, and the sentences that stand behind it."""

    answer: Answer
    sentence: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the portfolio at its three stages; `name` is plain, `term` the word of the field.

    `is_money` says whether values are money a year or a share; `before` is the residual at the earlier date.
    """

    name: str
    term: str
    inherent: float
    residual: float
    target: float
    before: float | None = None
    is_money: bool = True


@dataclass(frozen=True, slots=True)
class AppetiteRow:
    """The residual of one category (or of all risks together) against its appetite.

    `chance` is the residual's chance of a loss above `tightest_at`, `limit` the highest that is allowed there.
    """

    category: str
    mean: float
    is_exceeded: bool
    over: tuple[tuple[float, float], ...]
    tightest_at: float
    chance: float
    limit: float


@dataclass(frozen=True, slots=True)
class RiskRow:
    """A risk in the list of the largest; `one_year_in_20` is its own VaR 95 %."""

    ref: str
    title: str
    mean: float
    mean_range: tuple[float, float]
    one_year_in_20: float
    cell: str
    rating: str
    tolerance: Tolerance
    owner: str | None
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MovedRow:
    """A cause and its amount in cents a year."""

    kind: str
    subject: str
    text: str
    cents: int


@dataclass(frozen=True, slots=True)
class RiskMoved:
    """How one risk moved: `rows` by size, the rest in one number; all add up to `cents`."""

    ref: str
    title: str
    before: float
    after: float
    cents: int
    rows: tuple[MovedRow, ...]
    other_causes: int
    other_cents: int


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved since a date: causes by size, the rest in one number; all add up to `cents`.

    `largest` says the same of the largest risk, None where it did not move.
    """

    since: date
    before: float
    after: float
    cents: int
    rows: tuple[MovedRow, ...]
    other_causes: int
    other_cents: int
    notes: tuple[str, ...] = ()
    largest: RiskMoved | None = None


@dataclass(frozen=True, slots=True)
class MendRow:
    """A control that does not work as designed; worth is what the portfolio would lose less a year if it did.

    `worth` is None for a control that acts through others. `why` says what is wrong, `risks` on which risks it acts.
    """

    ref: str
    title: str
    owner: str | None
    why: str
    verdict: Verdict | None
    worth: float | None
    worth_in_worst_years: float | None
    risks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriterionRow:
    id: str
    label: str
    state: Headline
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriteriaView:
    """Counts by state in the order of `states.CRITERIA`, and every criterion in scope that is not operating."""

    in_scope: int
    counts: tuple[tuple[Headline, int], ...]
    not_operating: tuple[CriterionRow, ...]


@dataclass(frozen=True, slots=True)
class UnknownRow:
    """A control test that does not tell today, and why."""

    test: str
    title: str
    verdict: Verdict
    why: str
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviationRow:
    """A failing control test: counts, rates, and the first failing keys."""

    test: str
    title: str
    controls: tuple[str, ...]
    failed: int
    excepted: int
    judged: int
    rate: float
    tolerable_rate: float
    effective_on: date
    keys: tuple[str, ...]
    more: int
    remediation: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """Control tests by verdict, those that do not tell, those that fail, and judged ones whose evidence was replaced."""

    tests: int
    counts: tuple[tuple[Verdict, int], ...]
    unknown: tuple[UnknownRow, ...]
    deviations: tuple[DeviationRow, ...]
    replaced: tuple[UnknownRow, ...] = ()


@dataclass(frozen=True, slots=True)
class DueRow:
    """Something that waits for somebody: `due_on` where there is a date.

    `kind` is what many rows of one kind have in common, `subject` what each of them is about, in the singular.
    """

    what: str
    text: str
    due_on: date | None
    owner: str | None = None
    kind: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that is printed after an assessment."""

    organisation: str
    as_of: date
    currency: str
    core_version: str
    engagement: str | None
    risks: int
    conditions: int
    verdict: VerdictView
    figures: tuple[Figure, ...]
    appetite: tuple[AppetiteRow, ...]
    largest: tuple[RiskRow, ...]
    moved: Moved | None
    mend: tuple[MendRow, ...]
    untested: tuple[MendRow, ...]
    criteria: CriteriaView
    evidence: EvidenceView
    due: tuple[DueRow, ...]
