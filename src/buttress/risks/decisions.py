"""What becomes of an acceptance: the words for it, what is shown to who decides, and how it stands in the end."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from buttress.orgs.content import content_of, digest_of, to_text
from buttress.risks.records.risk import AcceptanceFact, CeilingRecord


class DecisionKind(StrEnum):
    """The approver confirms or refuses a request; a confirmed one may be withdrawn, or lapses by itself."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


def request_digest(acceptance: AcceptanceFact) -> str:
    """SHA-256 (hex) of a request word for word: what somebody was shown is told by it from a correction."""
    return digest_of(content_of(acceptance))


@dataclass(frozen=True, slots=True)
class Shown:
    """The request and the residual as they stood at the moment of a decision, and on what.

    `rating` is that of the residual's cell and `annual_loss` the mean residual annual loss in the reporting currency; each
    is None where it is not known. `snapshot_digest` (hex) and `revision` name the inputs, `as_of` the organisation's day,
    `request_digest` the words of the request.
    """

    rating: str | None
    annual_loss: float | None
    snapshot_digest: str
    revision: int
    as_of: date
    request_digest: str

    def as_text(self, ceiling: CeilingRecord) -> str:
        """Canonical JSON, with the ceiling that was decided about."""
        return to_text(
            {
                "rating": self.rating,
                "annual_loss": self.annual_loss,
                "ceiling": ceiling.model_dump(mode="python", exclude_none=True),
                "snapshot_digest": self.snapshot_digest,
                "revision": self.revision,
                "as_of": self.as_of,
                "request_digest": self.request_digest,
            }
        )


@dataclass(frozen=True, slots=True)
class AcceptanceStanding:
    """What was decided about an acceptance by a moment.

    `confirmed_on` is None where its approver has not confirmed it. `ended` names what ended it on `lapsed_on`, and never
    turns back to None at a later moment; `lapse_reason` says why.
    """

    confirmed_on: date | None = None
    ended: DecisionKind | None = None
    lapsed_on: date | None = None
    lapse_reason: str | None = None

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_on is not None
