"""Exceptions: deviations of a control test that an approved, expiring decision covers."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from buttress.formats.fields import ControlRef, Links, PersonRef, RiskRef, TestRef, not_before
from buttress.formats.models import Complaint, Day, StrictModel, Text, complain, unfit

LONGEST_DAYS = 366


def _some(keys: tuple[str, ...]) -> tuple[str, ...]:
    if not keys:
        raise unfit([], "the keys of the failing items that it covers")
    return keys


class ExceptionRecord(StrictModel):
    """Covers `keys` of `test` from `starts_on` to `expires_on`. Without `attested_document` it waits for approval."""

    test: TestRef
    keys: Annotated[Links[Text], AfterValidator(_some)]
    reason: Text
    risk: RiskRef | None = None
    compensating_control: ControlRef | None = None
    requested_by: PersonRef
    approved_by: PersonRef | None = None
    attested_document: Text | None = None
    starts_on: Day
    expires_on: Day
    revoked_on: Day | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain(
            [*not_before(self, "expires_on", "starts_on"), *not_before(self, "revoked_on", "starts_on"), *self._life()]
        )
        return self

    def _life(self) -> Iterator[Complaint]:
        days = (self.expires_on - self.starts_on).days + 1
        if days > LONGEST_DAYS:
            advice = "Let it expire earlier; a longer need is a new request."
            yield Complaint(("expires_on",), f"{days} days", f"at most {LONGEST_DAYS} days", advice)
        if self.attested_document is not None and self.approved_by is None:
            yield Complaint(
                ("approved_by",), "nothing", "who approved it, as attested_document says", "Add approved_by."
            )
