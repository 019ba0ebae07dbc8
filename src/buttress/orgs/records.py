"""What the organisation says of itself, its persons and members, and its exchange rates."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator

from buttress.formats.fields import Currency, Fact, NotNegative, PersonRef, PositiveAmount, between
from buttress.formats.models import Day, Flag, Ref, StrictModel, Text, Whole, unfit
from buttress.orgs.role_names import Role


def _email(value: str) -> str:
    name, at, domain = value.partition("@")
    if not (name and at and "." in domain) or any(mark.isspace() for mark in value) or "@" in domain:
        raise unfit(value, "an e-mail address")
    return value


def _time_zone(value: object) -> object:
    try:
        ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise unfit(value, "a time zone such as Europe/Amsterdam or UTC") from None
    return value


class ProfileRecord(StrictModel):
    """What the organisation says of itself. `anchor` is the day from which a demo's files speak."""

    name: Text
    time_zone: Annotated[str, BeforeValidator(_time_zone)] = "UTC"
    currency: Currency
    size: Annotated[Whole, AfterValidator(between(1, 10_000_000))] | None = None
    sector: Text | None = None
    annual_revenue_usd: NotNegative | None = None
    sole_operator: Flag = False
    anchor: Day | None = None


class PersonRecord(StrictModel):
    name: Text
    email: Annotated[Text, AfterValidator(_email)] | None = None
    title: Text | None = None
    left_on: Day | None = None


class RatesFact(Fact):
    """Reporting units for one unit of each other currency."""

    per_unit: dict[Currency, PositiveAmount]


class MemberRecord(StrictModel):
    """A person who may act. An auditor acts within one `engagement`."""

    person: PersonRef
    role: Role
    engagement: Ref | None = None
    ended_on: Day | None = None
