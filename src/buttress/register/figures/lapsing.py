"""Acceptances that the residual has outgrown, or whose time is over: their end is recorded, once and for good."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from buttress.orgs.moments import Moment
from buttress.orgs.reading import facts_of
from buttress.orgs.writing import Write
from buttress.register.database.snapshots import snapshot_of
from buttress.register.figures.inputs import digest_of
from buttress.register.figures.values import EndedAcceptance, RiskValues
from buttress.register.values.risks import acceptances_of
from buttress.risks.decisions import Shown
from buttress.risks.kinds import ACCEPTANCES
from buttress.risks.models import Risk
from buttress.risks.records.risk import AcceptanceFact
from buttress.risks.selectors import standings_at
from buttress.risks.services.acceptance import Named, lapse


@dataclass(frozen=True, slots=True)
class Lapse:
    """An end to be recorded, with what stood when it was found."""

    named: Named
    reason: str
    shown: Shown


def lapses(values: Iterable[RiskValues], as_of: date, revision: int) -> list[Lapse]:
    """The ends that are not recorded yet, found from the inputs of `revision`."""
    ended = {each.ref: unrecorded for each in values if (unrecorded := _unrecorded(each))}
    if not ended:
        return []
    ids = dict(Risk.objects.filter(ref__in=list(ended), removed_in=None).values_list("ref", "id"))
    facts = facts_of(ACCEPTANCES, None, list(ids.values()))
    standings = standings_at(Moment(as_of), list(ids))
    found = []
    for ref, acceptances in ended.items():
        stated = [fact.to_fact(ACCEPTANCES) for fact in facts.get(ids[ref], ())]
        standing = acceptances_of(ref, (f for f in stated if isinstance(f, AcceptanceFact)), as_of, standings)
        digest = digest_of(snapshot_of(Moment(as_of), risks=[ref]))
        for each in acceptances:
            fact, _ = standing[each.position]
            shown = Shown(each.rating, each.annual_loss, digest, revision)
            found.append(Lapse(Named(ref, fact.effective_on, fact.key), each.reason, shown))
    return found


def _unrecorded(values: RiskValues) -> list[EndedAcceptance]:
    return [each for each in values.ended if each.acceptance.lapsed_on is None]


def record(write: Write, found: Iterable[Lapse]) -> None:
    """Records the ends within a write of whomever, as what follows from it."""
    for each in found:
        lapse(write, each.named, each.reason, each.shown)
