"""Random registers that read without a problem: every kind, links between them, facts of one day, odd texts and numbers.

A register is made from a seed and a size, so that a failing one is named by two numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import strategies as st

from buttress.register.files.writer import Content, write_folder

FIRST = date(2024, 1, 1)
DAYS = 900
CURRENCIES = ("EUR", "USD", "GBP")
CRITERIA = ("CC6.1", "CC1.1", "A1.2", "CC9.2")
CATEGORIES = ("security", "availability", "confidentiality", "privacy", "processing_integrity")
SHIPPED = ("admin-ports-closed", "accounts-linked-to-person", "agreement-signed")
WORDS = (
    "no",
    "1.50",
    "null",
    "é",
    "- a",
    "a: b",
    "R-1",
    "risk:R-1",
    "line\nbreak",
    "\ttab",
    "R-2 ",
    "#x",
    "plain words",
    "'",
    '"',
    "\\u",
    "ü" * 40,
)

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Generated:
    """A register as the canonical writer takes it, with the documents that it names."""

    content: Content
    documents: dict[str, bytes]

    def write(self, target: Path) -> Path:
        write_folder(target, {"organisation.yaml": self.content}, others=self.documents)
        return target


def registers(largest: int = 4) -> st.SearchStrategy[Generated]:
    """Registers with up to `largest` records of each kind."""
    return st.builds(generated, st.integers(0, 2**32 - 1), st.integers(0, largest))


def generated(seed: int, size: int) -> Generated:
    """The register of a seed; with `size` 0 it has a person, a scale and nothing else."""
    return _Maker(Random(seed), size).register()


class _Maker:
    def __init__(self, random: Random, size: int) -> None:
        self.random, self.size = random, size
        self.refs: dict[str, list[str]] = {}
        self.documents: dict[str, bytes] = {}

    def register(self) -> Generated:
        content: dict[str, dict[str, Any]] = {"persons": {"p1": {"name": "First"}, "p2": {"name": "Second"}}}
        self.refs["persons"] = ["p1", "p2"]
        makers: dict[str, Callable[[str], Record]] = {
            "persons": self.person, "objectives": self.objective, "assets": self.asset, "vendors": self.vendor,
            "threats": self.threat, "rounds": self.round, "controls": self.control, "risks": self.risk,
            "changes": self.change, "incidents": self.incident, "datasets": self.dataset,
            "control_tests": self.adoption, "manual_tests": self.manual_test, "exceptions": self.exception,
        }  # fmt: skip
        for kind, make in makers.items():
            for ref in self.names(kind):
                record = make(ref)
                content.setdefault(kind, {})[ref] = record
                self.refs.setdefault(kind, []).append(ref)
        content["organisation"] = self.organisation()
        return Generated(content, self.documents)

    def names(self, kind: str) -> list[str]:
        if kind == "control_tests":
            controls = self.refs.get("controls")
            return self.random.sample(SHIPPED, min(self.count(), len(SHIPPED))) if controls else []
        if kind == "manual_tests" and not self.refs.get("controls"):
            return []
        if kind == "exceptions" and not self.tests():
            return []
        prefix = {"datasets": "d"}.get(kind, kind[0].upper() + "-")
        return [f"{prefix}{number}" for number in self.random.sample(range(3, 40), self.count())]

    def tests(self) -> list[str]:
        return [*self.refs.get("control_tests", ()), *self.refs.get("manual_tests", ())]

    # Values.

    def count(self) -> int:
        return self.random.randint(0, self.size)

    def maybe(self, make: Callable[[], Any]) -> Any:
        return make() if self.random.random() < 0.5 else None

    def text(self) -> str:
        return " ".join(self.random.choice(WORDS) for _ in range(self.random.randint(1, 3))) + "."

    def day(self, first: date = FIRST, last: int = DAYS) -> date:
        return first + timedelta(days=self.random.randint(0, last))

    def some_day(self) -> date:
        """Of few, so that facts meet on one."""
        return FIRST + timedelta(days=30 * self.random.randint(0, 4))

    def number(self, low: float, high: float) -> str:
        return f"{self.random.uniform(low, high):.{self.random.randint(0, 6)}f}"

    def amount(self, low: float, high: float) -> str:
        return f"{self.random.uniform(low, high):.2f}"

    def flag(self) -> str:
        return self.random.choice(("true", "false"))

    def one(self, kind: str) -> str | None:
        known = self.refs.get(kind)
        return self.random.choice(known) if known and self.random.random() < 0.7 else None

    def some(self, kind: str) -> list[str]:
        known = self.refs.get(kind, [])
        return self.random.sample(known, self.random.randint(0, len(known)))

    def person(self, _ref: str) -> Record:
        return self.record(name=self.text(), title=self.maybe(self.text), left_on=self.maybe(self.day))

    def record(self, **fields: Any) -> Record:
        return {name: value for name, value in fields.items() if value not in (None, [], {})}

    def facts(self, make: Callable[[], Record]) -> list[Record]:
        """Facts of one day get keys of their own; some are withdrawn."""
        found = []
        for number in range(self.count()):
            fact = {"effective_on": self.some_day(), "key": f"k{number}", **make()}
            if self.random.random() < 0.1:
                fact["retracted"] = self.text()
            found.append(fact)
        return found

    # Records.

    def organisation(self) -> Record:
        engagements = []
        for number in range(self.count()):
            start = self.day()
            engagements.append(
                self.record(
                    ref=f"E-{number}",
                    type=self.random.choice(("type_1", "type_2")),
                    period_start=start,
                    period_end=self.day(start, 400),
                    categories=sorted({"security", self.random.choice(CATEGORIES)}),
                    systems=self.some("assets"),
                    not_relevant={"CC1.1": self.text()} if self.size > 2 else {},
                )
            )
        return self.record(
            name=self.text(), time_zone=self.random.choice(("UTC", "Europe/Amsterdam", "America/New_York")),
            currency="EUR", size=self.maybe(lambda: self.random.randint(1, 500)), sector=self.maybe(lambda: "retail"),
            sole_operator="true", rates=self.rates(), scales=self.scales(), appetite=self.facts(self.appetite),
            engagements=engagements,
        )  # fmt: skip

    def rates(self) -> list[Record]:
        every = {"effective_on": date(2000, 1, 1), "per_unit": {"USD": "0.9", "GBP": "1.170"}}
        more = {"effective_on": self.day(), "per_unit": {"GBP": self.number(0.6, 2), "USD": self.amount(0.5, 2)}}
        return [every, more]

    def scales(self) -> list[Record]:
        return [self.scale(f"v{number}", date(2024, 1, 1 + number)) for number in range(1 + self.random.randint(0, 1))]

    def scale(self, version: str, day: date) -> Record:
        likelihood = [("rare", "0.001", "0.1"), ("likely", "0.1", "1"), ("often", "1", "50")]
        impact = [("small", "1000", "50000"), ("large", "50000", "1000000"), ("huge", "1000000", "90000000")]
        ratings = ["low", "mid", "high"]
        cells = [["low", "low", "mid"], ["low", "mid", "high"], ["mid", "high", "high"]]
        bands = [[{"name": n, "low": low, "high": high} for n, low, high in rows] for rows in (likelihood, impact)]
        return {
            "version": version, "effective_on": day, "likelihood": bands[0], "impact": bands[1], "ratings": ratings,
            "cells": cells, "sigma": self.number(1, 2), "approved_by": "p1",
        }  # fmt: skip

    def appetite(self) -> Record:
        points = [{"loss": "1000", "probability": "0.5"}, {"loss": self.number(2000, 9e6), "probability": "0.10"}]
        own = {category: {"highest_rating": "low"} for category in CATEGORIES[: self.random.randint(0, 3)]}
        roles = [{"role": "board", "highest_rating": "high", "annual_loss": self.amount(0, 1e6)}]
        return self.record(highest_rating="mid", curve=points, categories=own, authorities=roles)

    def objective(self, _ref: str) -> Record:
        kind = self.random.choice(("objective", "commitment"))
        return self.record(
            statement=self.text(), kind=kind, owner=self.one("persons"), categories=["privacy", "security"]
        )

    def asset(self, _ref: str) -> Record:
        return self.record(
            name=self.text(),
            kind="system",
            owner=self.one("persons"),
            in_scope=self.flag(),
            depends_on=self.some("assets"),
        )

    def vendor(self, _ref: str) -> Record:
        return self.record(name=self.text(), tier=self.maybe(lambda: 2), is_subservice=self.flag())

    def threat(self, _ref: str) -> Record:
        return self.record(title=self.text(), actor=self.maybe(self.text))

    def round(self, _ref: str) -> Record:
        return self.record(
            effective_on=self.day(), scope=self.text(), participants=self.some("persons"), fraud_considered=self.flag()
        )

    def control(self, _ref: str) -> Record:
        cost = {"amount": self.amount(0, 1e5), "currency": self.random.choice(CURRENCIES)}
        return self.record(
            title=self.text(), kind="preventive", criteria=self.random.sample(CRITERIA, 2), owner=self.one("persons"),
            covers=self.some("assets"), coverage=self.maybe(lambda: self.number(0, 1)), is_key=self.flag(),
            in_place_on=self.maybe(self.day), yearly_cost=self.maybe(lambda: cost),
            walkthroughs=self.facts(self.walkthrough),
        )  # fmt: skip

    def walkthrough(self) -> Record:
        return self.record(
            performed_by="p1", procedure="inspection", is_suitable=self.flag(), note=self.maybe(self.text)
        )

    def risk(self, _ref: str) -> Record:
        events = [ref for ref in self.refs.get("risks", []) if ref not in self.refs.get("conditions", [])]
        is_condition = bool(events) and self.random.random() < 0.2
        if is_condition:
            self.refs.setdefault("conditions", []).append(_ref)
        assessments = [] if is_condition else self.assessments()
        return self.record(
            title=self.text(), statement={"cause": self.text(), "event": self.text(), "consequence": self.text()},
            categories=self.random.sample(CATEGORIES, self.random.randint(1, 3)),
            kind="condition" if is_condition else None, modifies=events[:2] if is_condition else None,
            owner=self.one("persons"), assets=self.some("assets"), objectives=self.some("objectives"),
            vendors=self.some("vendors"), criteria=self.random.sample(CRITERIA, self.random.randint(0, 3)),
            threat=self.one("threats"), is_fraud=self.flag(), identified_on=self.maybe(self.day),
            assessments=assessments, effects=self.effects(), treatments=self.facts(self.treatment),
            acceptances=self.facts(self.acceptance),
        )  # fmt: skip

    def assessments(self) -> list[Record]:
        found = self.facts(self.assessment)
        if found and all("retracted" not in fact for fact in found) and self.random.random() < 0.5:
            found.append({"effective_on": FIRST + timedelta(days=800), "method": "unchanged", "rationale": self.text()})
        return found

    def assessment(self) -> Record:
        levels = self.random.random() < 0.3
        basis = self.random.choice(("inherent", "with_controls"))
        shares = {ref: self.random.choice((None, self.number(0, 1))) for ref in self.some("controls")}
        stated = {"frequency": {"level": 2}, "loss": {"level": 3}, "method": "levels"} if levels else self.figures()
        return self.record(
            **stated, basis=basis, controls=shares if basis == "with_controls" and shares else None,
            round=self.one("rounds"), estimators=self.some("persons"), rationale=self.maybe(self.text),
            currency=None if levels else self.random.choice((None, *CURRENCIES)),
            override=self.maybe(lambda: {"likelihood": 1, "impact": 2, "reason": self.text()}),
        )  # fmt: skip

    def figures(self) -> Record:
        frequency = self.random.choice(
            ({"low": "0.01", "high": self.number(1, 5)}, {"per_year": self.number(0.6, 9)}, {"once_in_years": "3.50"},
             {"yearly_probability": "0.2"}, {"low": "0", "likely": "0.5", "high": self.number(1, 2)})
        )  # fmt: skip
        loss = self.random.choice(
            (
                {"p50": "1000", "p90": self.number(2000, 1e6)},
                {"amount": self.amount(1, 1e6)},
                {"low": "10", "high": "99.5"},
            )
        )
        return self.record(frequency=frequency, loss=loss, cap=self.maybe(lambda: "2000000"))

    def effects(self) -> list[Record]:
        factors = ("susceptibility", "primary_loss", "threat_event_frequency")
        return [
            self.record(
                control=control,
                factor=self.random.choice(factors),
                effective_on=self.maybe(self.some_day),
                efficacy={"low": "0.1", "likely": "0.250", "high": f"{self.random.uniform(0.3, 1):.3f}"},
                rationale=self.maybe(self.text),
            )
            for control in self.some("controls")
        ]

    def treatment(self) -> Record:
        return self.record(
            response=self.random.choice(("reduce", "accept", "share", "avoid")), plan=self.maybe(self.text),
            controls=self.some("controls"), owner=self.one("persons"), due_on=self.maybe(self.day),
        )  # fmt: skip

    def acceptance(self) -> Record:
        attested = self.maybe(lambda: self.document("evidence/minutes.md"))
        return self.record(
            accepted_by="p1", requested_by=self.maybe(lambda: "p2"), authority="board", reason=self.text(),
            until=FIRST + timedelta(days=700), ceiling={"rating": "mid", "annual_loss": self.amount(0, 1e6)},
            attested_document=attested,
        )  # fmt: skip

    def document(self, name: str) -> str:
        self.documents[name] = name.encode()
        return name

    def change(self, _ref: str) -> Record:
        risks = self.some("risks")
        subject = f"risk:{risks[0]}" if risks else None
        return self.record(title=self.text(), effective_on=self.day(), subject=subject, risks=risks)

    def incident(self, _ref: str) -> Record:
        loss = {"amount": self.amount(0, 1e6)}
        return self.record(
            title=self.text(), occurred_on=self.day(), risks=self.some("risks"), loss=self.maybe(lambda: loss)
        )

    def dataset(self, ref: str) -> Record:
        return {
            "title": self.text(), "path": f"evidence/{ref}-*.csv", "format": "csv", "key": ["id"],
            "columns": {
                "id": {"type": "text", "nullable": "false"}, "state": {"type": "text", "map": {"x": None, "y": "z"}},
            },
            "effective_at": {"from": "file_name", "pattern": rf"{ref}-(?P<date>\d{{4}}-\d{{2}}-\d{{2}})\.csv"},
        }  # fmt: skip

    def adoption(self, _ref: str) -> Record:
        limits = {"tolerable_rate": self.random.choice(("0.5 %", "0.010", "33.333333333 %"))}
        return self.record(
            controls=self.refs["controls"][:2],
            thresholds=self.maybe(lambda: limits),
            max_age=self.maybe(lambda: "30 days"),
        )

    def manual_test(self, ref: str) -> Record:
        owner = self.maybe(lambda: "p2")
        return self.record(
            title=self.text(), controls=self.refs["controls"][:2], procedure="inspection", owner=owner,
            tolerable_rate=self.maybe(lambda: "0.05"), results=self.facts(lambda: self.manual_result(ref)),
        )  # fmt: skip

    def manual_result(self, ref: str) -> Record:
        items = self.random.randint(0, 30)
        document = self.document(f"evidence/{ref}.txt")
        return self.record(performed_by="p1", items=items, deviations=self.random.randint(0, items), document=document)

    def exception(self, _ref: str) -> Record:
        start = self.day()
        return self.record(
            test=self.random.choice(self.tests()), keys=[self.text(), "k"], reason=self.text(), risk=self.one("risks"),
            requested_by="p2", approved_by=self.one("persons"), starts_on=start, expires_on=self.day(start, 300),
        )  # fmt: skip
