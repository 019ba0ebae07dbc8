"""The organisation with its dated facts: rates, scale versions, appetite and engagements."""

from typing import Self

from pydantic import model_validator

from buttress.criteria.records import Engagements
from buttress.formats.fields import Facts
from buttress.formats.models import Complaint, complain
from buttress.orgs.records import ProfileRecord, RatesFact
from buttress.risks.base_rates import Sector
from buttress.risks.records.appetite import AppetiteFact
from buttress.risks.records.scales import Scales


class OrganisationRecord(ProfileRecord):
    """The organisation that the folder speaks of. `anchor` is the day from which a demo's files speak."""

    sector: Sector | None = None
    rates: Facts[RatesFact] = ()
    scales: Scales
    appetite: Facts[AppetiteFact] = ()
    engagements: Engagements = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain(
            Complaint(("rates", position, "per_unit", self.currency), self.currency, "other currencies only")
            for position, rates in enumerate(self.rates)
            if self.currency in rates.per_unit
        )
        return self
