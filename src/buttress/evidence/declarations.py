"""Control tests as they are declared: a question on a population, its completeness, its thresholds and its examples.

A declaration is a folder named by its id with `test.yaml`. The predicate form counts one data set; the row form joins
several and names the rows of the population and of the failures. What carries meaning is hashed; wording is not.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from buttress.core.verdicts import Assertion, ControlTest, EffectMode
from buttress.evidence.data.canonical import digest_of
from buttress.evidence.data.tables import Value
from buttress.evidence.declared_terms import (
    NAME,
    Adoption,
    Completeness,
    Due,
    EffectOfTest,
    Examples,
    Frequency,
    Name,
    Parameter,
    Severity,
    Sql,
    Thresholds,
    half_life_days,
)
from buttress.formats.folder import read_bytes
from buttress.formats.models import Complaint, Ref, StrictModel, Text, Whole, complain, validated
from buttress.formats.problems import Problem, ProblemsError, refuse
from buttress.formats.strict_yaml import Path as FieldPath
from buttress.formats.strict_yaml import YamlLimits, YamlNode, read_yaml

FILE_NAME = "test.yaml"
BUILT_IN = ("as_of", "period_start", "period_end")
"""Parameters that every run binds."""

_LIMITS = YamlLimits(max_bytes=200_000, max_depth=10, max_nodes=20_000)
_TEST_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")


class ControlTestDeclaration(StrictModel):
    """A declared control test; read it with `read_declaration`, which knows its folder and lines."""

    id: Text
    version: Whole
    supersedes: Text | None = None
    title: Text
    area: Text | None = None
    known_as: Text | tuple[Text, ...] | None = None
    controls: tuple[Ref, ...]
    assertion: Assertion
    source: Name
    also: tuple[Name, ...] = ()
    checks: tuple[Text, ...] = ()
    key: tuple[Name, ...]
    population: Sql | None = None
    not_applicable: Sql | None = None
    fail: Sql | None = None
    population_rows: Sql | None = None
    failing_rows: Sql | None = None
    not_applicable_rows: Sql | None = None
    display: tuple[Name, ...] = ()
    due: Due | None = None
    params: dict[str, Parameter] = Field(default_factory=dict)
    completeness: Completeness = Completeness()
    thresholds: Thresholds = Thresholds()
    sampling: Literal["none"] = "none"
    frequency: Frequency = Frequency.DAILY
    severity: Severity = Severity.MEDIUM
    owner: Text | None = None
    effect: EffectOfTest = EffectOfTest()
    procedure: Text | None = None
    remediation: Text | None = None
    examples: Examples | None = None

    _node: YamlNode | None = PrivateAttr(None)
    _declared_hash: str = PrivateAttr("")
    _is_shipped: bool = PrivateAttr(False)

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain([*self._identity_faults(), *self._form_faults(), *self._name_faults(), *self._example_faults()])
        return self

    def _identity_faults(self) -> list[Complaint]:
        faults = []
        if not _TEST_ID.match(self.id) or len(self.id) > 64:
            faults.append(
                Complaint(("id",), repr(self.id), "lower-case words joined by hyphens, 64 characters at most")
            )
        if self.version < 1:
            faults.append(Complaint(("version",), str(self.version), "1 or more"))
        if self.supersedes == self.id:
            faults.append(Complaint(("supersedes",), repr(self.id), "the id of another test"))
        if not self.controls:
            faults.append(Complaint(("controls",), "no control", "the control that it tests"))
        if self.effect.control is not None and self.effect.control not in self.controls:
            faults.append(Complaint(("effect", "control"), repr(self.effect.control), "one of its controls"))
        return faults

    def _form_faults(self) -> list[Complaint]:
        """Exactly one of the two forms, whole."""
        predicates = {"population": self.population, "fail": self.fail, "not_applicable": self.not_applicable}
        rows = {
            "population_rows": self.population_rows,
            "failing_rows": self.failing_rows,
            "not_applicable_rows": self.not_applicable_rows,
        }
        used_predicates = [name for name, sql in predicates.items() if sql]
        used_rows = [name for name, sql in rows.items() if sql]
        if used_predicates and used_rows:
            advice = "Use predicates over one data set, or rows over several."
            return [Complaint((used_rows[0],), f"{used_rows[0]} beside {used_predicates[0]}", "one form", advice)]
        needed = ("population_rows", "failing_rows") if used_rows else ("population", "fail")
        faults = [
            Complaint((name,), "nothing", "SQL", f"A test says what its population is and what fails: add {name}.")
            for name in needed
            if name not in used_predicates and name not in used_rows
        ]
        if not used_rows and self.also:
            faults.append(Complaint(("also",), "further data sets", "none with predicates", "Use the row form."))
        if used_rows and self.due:
            faults.append(
                Complaint(("due",), "due with rows", "due with predicates only", "Write it into the SELECTs.")
            )
        return faults

    def _name_faults(self) -> list[Complaint]:
        faults = []
        if not self.key:
            faults.append(Complaint(("key",), "no column", "the columns that identify an item"))
        for field, names in (
            ("key", self.key),
            ("display", self.display),
            ("also", self.also),
            ("checks", self.checks),
        ):
            faults += [
                Complaint((field,), f"{n!r} twice", "each once")
                for n in sorted({n for n in names if names.count(n) > 1})
            ]
        faults += [Complaint(("display",), repr(n), "no column of the key") for n in self.display if n in self.key]
        if self.source in self.also:
            faults.append(Complaint(("also",), repr(self.source), "data sets other than the source"))
        for name in self.params:
            if name in BUILT_IN or not NAME.match(name):
                faults.append(Complaint(("params", name), repr(name), f"a name other than {', '.join(BUILT_IN)}"))
        return faults

    def _example_faults(self) -> list[Complaint]:
        examples = self.examples
        if examples is None:
            advice = "Give at least one row each that passes and that fails."
            return [Complaint(("examples",), "nothing", "examples", advice)]
        needed = {"pass": True, "fail": True, "not_due": self.due is not None}
        needed["not_applicable"] = bool(self.not_applicable or self.not_applicable_rows)
        groups = examples.groups()
        faults = [
            Complaint(("examples", name), "no row", "at least one", "A declared case needs an example.")
            for name, is_needed in needed.items()
            if is_needed and not groups[name]
        ]
        faults += [
            Complaint(("examples", name), f"{len(groups[name])} rows", "none: the test declares no such case")
            for name, is_needed in needed.items()
            if not is_needed and groups[name]
        ]
        unknown = sorted(set(examples.also) - set(self.also))
        return [*faults, *(Complaint(("examples", "also", n), repr(n), "a data set of `also`") for n in unknown)]

    @property
    def file(self) -> str:
        return self._node.file if self._node else FILE_NAME

    @property
    def is_shipped(self) -> bool:
        return self._is_shipped

    @property
    def is_predicate(self) -> bool:
        return self.fail is not None

    @property
    def datasets(self) -> tuple[str, ...]:
        """Every data set that a run reads: source, also, and the one its size is compared with."""
        other = self.completeness.compare_to
        names = (self.source, *self.also, *((other,) if other and other != "source_total" else ()))
        return tuple(dict.fromkeys(names))

    @property
    def values(self) -> Mapping[str, Value]:
        return MappingProxyType({name: parameter.value for name, parameter in self.params.items()})

    @property
    def sql_fields(self) -> dict[str, str]:
        names = ("population", "not_applicable", "fail", "population_rows", "failing_rows", "not_applicable_rows")
        return {name: sql for name in names if (sql := getattr(self, name))}

    @property
    def definition_hash(self) -> str:
        """SHA-256 (hex) over what carries meaning, parameters and thresholds as adopted."""
        return digest_of({name: getattr(self, name) for name in _PLAIN_MEANING} | self._structured_meaning())

    @property
    def declared_hash(self) -> str:
        """`definition_hash` before any adoption: may change only together with the version."""
        return self._declared_hash or self.definition_hash

    def _structured_meaning(self) -> dict[str, object]:
        completeness = self.completeness.model_dump(mode="json")
        return {
            "due": self.due.model_dump(mode="json") if self.due else None,
            "params": {name: [p.type, p.value] for name, p in self.params.items()},
            "completeness": completeness,
            "thresholds": {name: f"{value:f}" for name, value in self._rates().items()},
            "effect": [self.mode.value, self.effect.exposure.value],
        }

    def _rates(self) -> dict[str, Decimal]:
        limits = self.thresholds
        rates = {"tolerable_rate": limits.tolerable_rate, "warn_rate": limits.warn_rate}
        return {name: rate.normalize() for name, rate in rates.items()} | {
            "min_population": Decimal(limits.min_population)
        }

    @property
    def mode(self) -> EffectMode:
        """As declared; else design by assertion, coverage for a state, reliability for what happened in a period."""
        if self.effect.mode is not None:
            return self.effect.mode
        if self.assertion is Assertion.DESIGN:
            return EffectMode.DESIGN
        if self.assertion is Assertion.CONFIGURATION or not self.uses_period:
            return EffectMode.COVERAGE
        return EffectMode.RELIABILITY

    @property
    def uses_period(self) -> bool:
        return any(re.search(r":period_(?:start|end)\b", sql) for sql in self.sql_fields.values())

    def to_control_test(self) -> ControlTest:
        """The test as figures depend on it."""
        age = self.completeness.max_age
        return ControlTest(
            id=self.id,
            title=self.title,
            controls=self.controls,
            assertion=self.assertion,
            mode=self.mode,
            version=self.version,
            exposure=self.effect.exposure,
            tolerable_rate=float(self.thresholds.tolerable_rate),
            warn_rate=float(self.thresholds.warn_rate),
            min_population=self.thresholds.min_population,
            max_age_hours=age / timedelta(hours=1) if age else None,
            frequency=self.frequency.value,
            half_life_days=half_life_days(self.frequency),
            severity=self.severity.value,
            datasets=self.datasets,
            owner=self.owner,
            remediation=self.remediation or "",
            due_days=-(-self.due.sla // timedelta(days=1)) if self.due else None,
            supersedes=self.supersedes,
        )

    def problem(self, path: FieldPath, found: str, expected: str, advice: str = "") -> Problem:
        """A problem at a field of the declaration's file."""
        if self._node is None:
            return Problem(self.file, None, ".".join(map(str, path)), found, expected, advice)
        return self._node.problem(path, found, expected, advice)

    def line_of(self, path: FieldPath) -> int | None:
        return self._node.line_of(path) if self._node else None

    def with_overrides(self, adoption: Adoption, node: YamlNode | None = None, at: FieldPath = ()) -> Self:
        """The test as the organisation adopts it; `node` and `at` say where the adoption stands.

        Raises `ProblemsError` for parameters that do not exist or leave their limits.
        """
        faults = [*self._adoption_faults(adoption)]
        if faults:
            raise ProblemsError(
                node.problem((*at, *f.path), f.found, f.expected, f.advice)
                if node
                else Problem("adoption", None, ".".join(map(str, f.path)), f.found, f.expected, f.advice)
                for f in faults
            )
        changes: dict[str, object] = {}
        if adoption.controls:
            keeps = self.effect.control in adoption.controls
            effect = self.effect if keeps else self.effect.model_copy(update={"control": None})
            changes |= {"controls": adoption.controls, "effect": effect}
        if adoption.params:
            given = {n: self.params[n].model_copy(update={"default": text}) for n, text in adoption.params.items()}
            changes["params"] = {**self.params, **given}
        limits = {n: v for n, v in adoption.thresholds if v is not None}
        if limits:
            changes["thresholds"] = self.thresholds.model_copy(update=limits)
        if adoption.owner:
            changes["owner"] = adoption.owner
        if adoption.max_age:
            changes["completeness"] = self.completeness.model_copy(update={"max_age": adoption.max_age})
        adopted = self.model_copy(update=changes)
        adopted._declared_hash = self.declared_hash
        return adopted

    def _adoption_faults(self, adoption: Adoption) -> list[Complaint]:
        faults = []
        for name, text in adoption.params.items():
            if name not in self.params:
                known = ", ".join(self.params) or "none"
                faults.append(Complaint(("params", name), repr(name), f"a parameter of {self.id}", f"It has {known}."))
            elif fault := self.params[name].range_fault(text):
                faults.append(Complaint(("params", name), repr(text), fault))
        smallest = adoption.thresholds.min_population
        if smallest is not None and smallest < 1:
            faults.append(Complaint(("thresholds", "min_population"), str(smallest), "at least 1"))
        return faults


_PLAIN_MEANING = (
    "id",
    "assertion",
    "source",
    "also",
    "checks",
    "key",
    "population",
    "not_applicable",
    "fail",
    "population_rows",
    "failing_rows",
    "not_applicable_rows",
    "sampling",
    "frequency",
)


def read_declaration(path: Path, *, shown_as: str | None = None, is_shipped: bool = False) -> ControlTestDeclaration:
    """The declaration in `path` (its folder, or the `test.yaml` in it); raises `ProblemsError`."""
    file = path / FILE_NAME if path.is_dir() else path
    name = shown_as or file.as_posix()
    try:
        content = read_bytes(file.parent, file.name, max_bytes=_LIMITS.max_bytes)
    except ProblemsError as error:
        raise ProblemsError([replace(problem, file=name) for problem in error.problems]) from None
    except OSError as error:
        raise refuse(name, None, f"no readable file ({error.strerror})", "a declaration") from None
    return declaration_in(content, file.parent.name, shown_as=name, is_shipped=is_shipped)


def declaration_in(
    content: str | bytes, test_id: str | None, *, shown_as: str, is_shipped: bool = False
) -> ControlTestDeclaration:
    """The declaration of the test `test_id` (None: of any) from the text of its file; raises `ProblemsError`."""
    node = read_yaml(content, file=shown_as, limits=_LIMITS)
    declaration = validated(ControlTestDeclaration, node)
    declaration._node = node
    declaration._is_shipped = is_shipped
    if test_id is not None and declaration.id != test_id:
        advice = "The id never changes; rename the folder."
        raise ProblemsError([declaration.problem(("id",), repr(declaration.id), f"{test_id!r}", advice)])
    return declaration


@cache
def catalogue() -> Mapping[str, Path]:
    """Folders of the control tests that Buttress ships, by id."""
    with as_file(files("buttress") / "content" / "control_tests") as root:
        folders = sorted(path.parent for path in root.glob(f"*/{FILE_NAME}"))
    return MappingProxyType({folder.name: folder for folder in folders})


@cache
def shipped_test(test_id: str) -> ControlTestDeclaration:
    """The shipped control test of that id; raises KeyError where there is none."""
    folder = catalogue()[test_id]
    return read_declaration(folder, shown_as=f"content/control_tests/{test_id}/{FILE_NAME}", is_shipped=True)
