"""Controls: their life, what they serve, and the walkthroughs that show they are in place."""

from collections.abc import Iterator
from typing import Self

from pydantic import model_validator

from buttress.core.snapshot import Combination, ControlKind, ControlMode, Procedure
from buttress.formats.fields import (
    AssetRef,
    CriterionRef,
    Fact,
    Facts,
    Links,
    MoneyRecord,
    PersonRef,
    Share,
    StarterControlRef,
    not_before,
)
from buttress.formats.models import Complaint, Day, Flag, StrictModel, Text, complain


class LackingRecord(StrictModel):
    """The organisation says that it does not have the control."""

    since: Day
    reason: Text


class WalkthroughFact(Fact):
    """A test of design: procedure, by whom, and whether the design is suitable."""

    performed_by: PersonRef
    procedure: Procedure
    is_suitable: Flag
    note: Text | None = None


class ControlRecord(StrictModel):
    """A control. With `library`, fields left out come from that entry of the starter library."""

    library: StarterControlRef | None = None
    title: Text | None = None
    description: Text | None = None
    kind: ControlKind | None = None
    mode: ControlMode | None = None
    frequency: Text | None = None
    owner: PersonRef | None = None
    is_key: Flag = False
    criteria: Links[CriterionRef] | None = None
    family: Text | None = None
    covers: Links[AssetRef] = ()
    coverage: Share | None = None
    combination: Combination = Combination.MINIMUM
    planned_on: Day | None = None
    in_place_on: Day | None = None
    retired_on: Day | None = None
    lacking: LackingRecord | None = None
    yearly_cost: MoneyRecord | None = None
    walkthroughs: Facts[WalkthroughFact] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain([*self._required(), *not_before(self, "retired_on", "in_place_on"), *self._lacking()])
        return self

    def _required(self) -> Iterator[Complaint]:
        if self.library is not None:
            return
        for field in ("title", "kind"):
            if getattr(self, field) is None:
                advice = f"Add {field}, or name an entry of the starter library under library."
                yield Complaint((field,), "nothing", "a value", advice)

    def _lacking(self) -> Iterator[Complaint]:
        """Lacking after it was in place needs an end; in place after it was lacking is a gap that was closed."""
        if self.lacking is None or self.in_place_on is None or self.in_place_on > self.lacking.since:
            return
        if self.retired_on is None or self.retired_on > self.lacking.since:
            found = f"lacking since {self.lacking.since} and in place since {self.in_place_on} at once"
            advice = "Give retired_on, or leave out one of the two."
            yield Complaint(("lacking", "since"), found, "one of the two", advice)
