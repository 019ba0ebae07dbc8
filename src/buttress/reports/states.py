"""States in words with their sign and tone: verdicts, tolerance, criteria, controls. Colour never stands alone."""

import re
from dataclasses import dataclass
from enum import StrEnum

from buttress.core.criterion_state import Headline
from buttress.core.operating_state import ControlStatus
from buttress.core.risk_posture import Tolerance
from buttress.core.verdicts import Verdict


class Tone(StrEnum):
    """What a state asks of its reader. Unknown is neither good nor bad."""

    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    UNKNOWN = "unknown"
    PLANNED = "planned"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class State:
    """A sign of one character, the word, and the tone in which both are written."""

    sign: str
    word: str
    tone: Tone

    def __str__(self) -> str:
        return f"{self.sign} {self.word}"


VERDICTS = {
    Verdict.PASS: State("✓", "pass", Tone.GOOD),
    Verdict.PASS_WITH_DEVIATIONS: State("✓", "pass with deviations", Tone.GOOD),
    Verdict.FAIL: State("✗", "fail", Tone.BAD),
    Verdict.INCOMPLETE: State("?", "incomplete", Tone.UNKNOWN),
    Verdict.STALE: State("?", "stale", Tone.UNKNOWN),
    Verdict.NOT_EVALUATED: State("?", "not evaluated", Tone.UNKNOWN),
    Verdict.ERROR: State("?", "error", Tone.UNKNOWN),
}

TOLERANCE = {
    Tolerance.WITHIN: State("·", "within", Tone.QUIET),
    Tolerance.OUTSIDE: State("↑", "outside", Tone.BAD),
    Tolerance.ACCEPTED: State("·", "accepted", Tone.QUIET),
    Tolerance.ACCEPTANCE_LAPSED: State("↑", "lapsed", Tone.WARN),
    Tolerance.NOT_ESTIMATED: State("?", "not estimated", Tone.UNKNOWN),
}

REPLACED = {
    verdict: State("!", f"{state.word}, evidence replaced", Tone.WARN if verdict.is_passed else state.tone)
    for verdict, state in VERDICTS.items()
}
"""Verdicts on evidence whose bytes changed after a test of it: never silently good."""

CRITERIA = {
    Headline.UNCOVERED: State("✗", "uncovered", Tone.BAD),
    Headline.DEVIATING: State("!", "deviating", Tone.BAD),
    Headline.UNKNOWN: State("?", "unknown", Tone.UNKNOWN),
    Headline.DESIGNED_ONLY: State("○", "designed only", Tone.PLANNED),
    Headline.DESIGN_TESTED: State("✓", "design tested", Tone.GOOD),
    Headline.OPERATING: State("✓", "operating", Tone.GOOD),
    Headline.NOT_RELEVANT: State("–", "not relevant", Tone.QUIET),
    Headline.OUT_OF_SCOPE: State("–", "out of scope", Tone.QUIET),
}
"""In the order in which a reader wants them: what is wrong first."""

CONTROLS = {
    ControlStatus.TESTED: State("✓", "tested", Tone.QUIET),
    ControlStatus.ATTESTED: State("○", "untested", Tone.QUIET),
    ControlStatus.UNRECORDED: State("○", "no walkthrough", Tone.QUIET),
    ControlStatus.ASSUMED: State("○", "assumed", Tone.QUIET),
    ControlStatus.PLANNED: State("○", "planned", Tone.PLANNED),
    ControlStatus.LACKING: State("✗", "lacking", Tone.BAD),
    ControlStatus.RETIRED: State("–", "retired", Tone.QUIET),
}

_REASONS = {
    "never_run": "never run",
    "no_dataset": "no data set {} is declared",
    "no_snapshot": "{} has no file effective by then",
    "missing_column": "column {} is missing",
    "unreadable": "{} cannot be read",
    "empty": "{} has no rows",
    "empty_population": "the population is empty",
    "below_min_rows": "too few rows ({})",
    "below_min_population": "the population is too small ({})",
    "all_not_applicable": "every item is not applicable",
    "stale": "too old ({})",
    "older_than": "older than {}",
    "overdue": "the next test was due by {}",
    "shrunk": "the source shrank ({} rows)",
    "difference": "rows differ from the expected total by {}",
    "no_total": "no independent total of {} to compare with",
    "silent_check": "expected check {} reported nothing",
    "scan_not_complete": "the scan is not known to be complete",
    "no_advisory_data": "the scanner had no advisory data",
    "nothing_recognised": "the report names nothing that was looked at",
    "matches_only": "the report lists what failed and no population",
    "passes_not_itemised": "{} passes are counted and not listed",
    "tool_errors": "the tool reports {} errors of its own",
    "archived": "{} findings are closed or superseded",
    "all_archived": "every finding is closed or superseded",
    "no_assessment_plan": "the results name no assessment plan",
    "unfounded_findings": "{} conclusions rest on no observation",
    "contradicted": "{} failed observations count as satisfied",
    "expired_observations": "{} observations were past their term",
    "cursor_not_exhausted": "not every page was fetched",
    "collection_errors": "the collection had {} errors",
    "dated_after_extraction": "dated after it was collected ({})",
    "evidence_replaced": "{} was exchanged after a test of it",
    "null_keys": "{} rows have an empty key",
    "repeated_keys": "{} keys come more than once",
    "cut_off": "the end of the file cuts off {} entries",
    "bill_incomplete": "the bill of materials says of {} parts that they are incomplete",
    "in_the_future": "it speaks of a day to come ({})",
    "repeats": "the source repeats itself ({})",
    "future_rows": "{} rows tell of a time after the file",
    "columns_lost": "columns are gone that the file before had ({})",
    "unknown": "{} items cannot be judged",
    "undecided": "{} items are left to a person",
    "declaration_refused": "its declaration does not fit the data",
    "changed_without_version": "its declaration changed, but not its version ({})",
    "version_lowered": "its version went back ({})",
    "no_landlock": "this machine cannot lock the process that runs SQL",
    "time": "it ran out of time",
    "crashed": "the process that ran it ended",
    "limit": "it passed a limit of the runner",
    "sql": "the database refused it",
    "refused": "its SQL is not in the subset",
    "above_warn_rate": "above the rate worth a look ({})",
    "count_identity": "its counts do not add up",
    "counts_disagree": "its counts do not add up",
    "not_applicable_outside": "it excuses items outside of its population",
    "failing_outside": "it names failing items outside of its population",
}
"""Sentences for the codes that results carry, with the code's figures in place of the braces."""

_OF_ONE = {
    "collection_errors": "the collection had {} error",
    "null_keys": "{} row has an empty key",
    "repeated_keys": "{} key comes more than once",
    "cut_off": "the end of the file cuts off {} entry",
    "bill_incomplete": "the bill of materials says of {} part that it is incomplete",
    "future_rows": "{} row tells of a time after the file",
    "unknown": "{} item cannot be judged",
    "undecided": "{} item is left to a person",
    "passes_not_itemised": "{} pass is counted and not listed",
    "tool_errors": "the tool reports {} error of its own",
    "archived": "{} finding is closed or superseded",
    "unfounded_findings": "{} conclusion rests on no observation",
    "contradicted": "{} failed observation counts as satisfied",
    "expired_observations": "{} observation was past its term",
}
"""The same of a single one."""

_CODE = re.compile(r"^(?:(?P<dataset>[\w.-]+): )?(?P<code>[a-z_]+)(?:\((?P<figures>.*)\))?$", re.DOTALL)


def reason_words(reason: str) -> str:
    """A reason code of a result as words; an unknown code is spelled out, other texts stay as they are.

    >>> reason_words("backups: shrunk(312 -> 41)"), reason_words("proof_missing(2)"), reason_words("No such column: x")
    ('backups: the source shrank (312 -> 41 rows)', 'proof missing: 2', 'No such column: x')
    """
    found = _CODE.match(reason)
    if not found:
        return reason
    sentence, figures = _REASONS.get(found["code"]), found["figures"]
    words = found["code"].replace("_", " ")
    if sentence is None:
        words = f"{words}: {figures}" if figures else words
    elif "{}" not in sentence:
        words = f"{sentence}: {figures}" if figures else sentence
    elif figures:
        figures = figures.removesuffix(" rows") if found["code"] == "repeated_keys" else figures
        words = (_OF_ONE.get(found["code"], sentence) if figures == "1" else sentence).format(figures)
    return f"{found['dataset']}: {words}" if found["dataset"] else words


def reason_code(reason: str) -> str:
    """The code of a reason without its data set and figures; empty where it is no code.

    >>> reason_code("backups: stale(8 d > 2 d)"), reason_code("No such column: x")
    ('stale', '')
    """
    found = _CODE.match(reason)
    return found["code"] if found else ""
