"""Manual control tests: what a person inspected, when, how many items deviated, and the dated file that shows it.

A manual result counts like any other. The performer is never the owner of a control that is tested, unless the
organisation has declared itself a sole operator, which the result then says.
"""

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from buttress.core.snapshot import Procedure
from buttress.core.verdicts import Assertion, ControlTest, EffectMode, Outcome, TestResult
from buttress.evidence.data.canonical import digest_of
from buttress.evidence.data.cells import end_of_day
from buttress.evidence.declared_terms import Frequency, Severity, half_life_days
from buttress.evidence.durations import TolerableRate
from buttress.formats.folder import is_there, sha256_of
from buttress.formats.models import Complaint, Day, Ref, StrictModel, Text, Whole, complain
from buttress.formats.problems import Problem, ProblemsError
from buttress.formats.strict_yaml import Path as FieldPath
from buttress.formats.strict_yaml import YamlNode

MAX_DOCUMENT_BYTES = 256 * 1024 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


class ManualResult(StrictModel):
    """One occasion: `deviating` names items that deviated, as far as they have names."""

    effective_on: Day
    performed_by: Ref
    items: Whole
    deviations: Whole = 0
    deviating: tuple[Text, ...] = ()
    document: Text
    sha256: Text | None = None
    note: Text | None = None
    key: Text | None = None
    retracted: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = []
        if self.items < 0:
            faults.append(Complaint(("items",), str(self.items), "0 or more"))
        if not 0 <= self.deviations <= self.items:
            faults.append(Complaint(("deviations",), str(self.deviations), f"0 to the {self.items} items tested"))
        if len(self.deviating) > self.deviations or len(set(self.deviating)) != len(self.deviating):
            expected = f"at most {self.deviations} names, each once"
            faults.append(Complaint(("deviating",), f"{len(self.deviating)} names", expected))
        parts = self.document.split("/")
        if parts[0] != "evidence" or len(parts) < 2 or ".." in parts or "" in parts:
            faults.append(Complaint(("document",), repr(self.document), "a file below evidence/"))
        if self.sha256 is not None and not _SHA256.match(self.sha256):
            faults.append(Complaint(("sha256",), repr(self.sha256), "64 lower-case hexadecimal digits"))
        complain(faults)
        return self


class ManualTest(StrictModel):
    """A test that people carry out; `next_due` is the day by which the next result must be there."""

    title: Text
    controls: tuple[Ref, ...]
    assertion: Literal["design", "operating"] = "operating"
    procedure: Procedure
    description: Text | None = None
    frequency: Frequency = Frequency.YEARLY
    severity: Severity = Severity.MEDIUM
    owner: Ref | None = None
    tolerable_rate: TolerableRate = Decimal(0)
    next_due: Day | None = None
    results: tuple[ManualResult, ...] = Field(default=())

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.controls:
            complain([Complaint(("controls",), "no control", "the control that it tests")])
        return self

    def to_control_test(self, reference: str) -> ControlTest:
        is_design = self.assertion == "design"
        return ControlTest(
            id=reference,
            title=self.title,
            controls=self.controls,
            assertion=Assertion(self.assertion),
            mode=EffectMode.DESIGN if is_design else EffectMode.RELIABILITY,
            tolerable_rate=float(self.tolerable_rate),
            frequency=self.frequency.value,
            half_life_days=half_life_days(self.frequency, is_manual=True),
            is_manual=True,
            severity=self.severity.value,
            owner=self.owner,
            remediation="",
            next_due=self.next_due,
        )

    def to_results(
        self,
        reference: str,
        *,
        folder: Path,
        zone: ZoneInfo,
        owners: Mapping[str, Collection[str]],
        sole_operator: bool,
        node: YamlNode,
        at: FieldPath,
    ) -> tuple[TestResult, ...]:
        """Its results in order of their dates. `owners` names, per control, who owns or operates it; `at` leads to
        this test in `node`.

        Raises `ProblemsError` for performers who test themselves, documents that are missing or changed, and two
        results of one date without different keys.
        """
        results: list[TestResult] = []
        problems: list[Problem] = []
        seen: set[tuple[date, str | None]] = set()
        for index, result in enumerate(self.results):
            place = (*at, "results", index)
            if result.retracted is not None:
                continue
            if (result.effective_on, result.key) in seen:
                found = f"a second result of {result.effective_on}"
                problems.append(node.problem((*place, "effective_on"), found, "another date or another `key`"))
            seen.add((result.effective_on, result.key))
            problems += self._performer_problems(result, owners, sole_operator, node, place)
            digest = document_digest(folder, result)
            if isinstance(digest, tuple):
                field, found, expected, advice = digest
                problems.append(node.problem((*place, field), found, expected, advice))
                continue
            is_own = any(result.performed_by in owners.get(control, ()) for control in self.controls)
            results.append(self.to_result(reference, result, digest, zone, is_own=is_own))
        if problems:
            raise ProblemsError(problems)
        return tuple(sorted(results, key=lambda r: r.effective_at))

    def _performer_problems(
        self,
        result: ManualResult,
        owners: Mapping[str, Collection[str]],
        sole_operator: bool,
        node: YamlNode,
        at: FieldPath,
    ) -> list[Problem]:
        own = [control for control in self.controls if result.performed_by in owners.get(control, ())]
        if not own or sole_operator:
            return []
        advice = "Have somebody else test it, or declare organisation.sole_operator if there is nobody else."
        found = f"{result.performed_by}, who owns {', '.join(own)}"
        return [node.problem((*at, "performed_by"), found, "a performer who does not own the control", advice)]

    def to_result(
        self, reference: str, result: ManualResult, document_sha256: str, zone: ZoneInfo, *, is_own: bool
    ) -> TestResult:
        """One occasion as a result; `is_own` where its performer, a sole operator, owns a control that is tested."""
        outcome = Outcome.EVALUATED if result.items else Outcome.NOT_EVALUATED
        reasons = (
            *(() if result.items else ("no_items_tested",)),
            *(("performed_by_sole_operator",) if is_own else ()),
        )
        return TestResult(
            test=reference,
            version=1,
            as_of=result.effective_on,
            effective_at=end_of_day(result.effective_on, zone),
            outcome=outcome,
            population=result.items,
            passed=result.items - result.deviations,
            failing=result.deviations,
            failing_keys=result.deviating,
            reasons=reasons,
            digest=digest_of([reference, result.model_dump(mode="json", exclude={"sha256"}), document_sha256]),
            performer=result.performed_by,
            procedure=self.procedure.value,
        )


def document_digest(folder: Path, result: ManualResult) -> str | tuple[str, str, str, str]:
    """SHA-256 (hex) of the document, or field, found, expected and advice of what is wrong with it."""
    if not is_there(folder, result.document):
        return "document", f"no file {result.document}", "a file below evidence/", "Add the file that shows the test."
    try:
        digest = sha256_of(folder, result.document, max_bytes=MAX_DOCUMENT_BYTES)
    except ProblemsError as error:
        problem = error.problems[0]
        return "document", problem.found, problem.expected, problem.advice
    if result.sha256 is not None and result.sha256 != digest:
        advice = "The document is not the one that was tested; restore it, or record a new result."
        return "sha256", f"a document with {digest[:12]}…", f"{result.sha256[:12]}…", advice
    return digest
