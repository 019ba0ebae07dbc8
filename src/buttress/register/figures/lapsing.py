"""Acceptances that have ended by themselves: their end is recorded, once and for good.

What ends one is the rule of `core/acceptance.py`; the row, and that it is never revived, is `risks/services/acceptance.py`.
Here is only what joins them: the ends that figures found, each with what stood when it was found.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import date

from buttress.orgs.moments import Moment
from buttress.orgs.reading import facts_of
from buttress.orgs.writing import Write
from buttress.register.database.snapshots import snapshot_of
from buttress.register.figures.inputs import digest_of
from buttress.register.figures.values import EndedAcceptance, RiskValues
from buttress.risks.decisions import Shown, request_digest
from buttress.risks.kinds import ACCEPTANCES
from buttress.risks.models import Risk
from buttress.risks.records.risk import AcceptanceFact
from buttress.risks.services.acceptance import Named, lapse


def has_unrecorded(values: Iterable[RiskValues]) -> bool:
    """Whether an acceptance of one of these risks has ended, and no row says so."""
    return any(True for each in values for _ in _unrecorded(each))


def record_lapses(write: Write, values: Iterable[RiskValues], as_of: date, revision: int) -> None:
    """Records, within a write of whomever, the ends that are not recorded yet, as found from the inputs of `revision`.

    The inputs must be as they were: the values were computed in this write, or of the revision that it locked.
    """
    ended = {each.ref: unrecorded for each in values if (unrecorded := list(_unrecorded(each)))}
    if not ended:
        return
    stated = _stated(ended)
    for ref, acceptances in ended.items():
        digest = digest_of(snapshot_of(Moment(as_of), risks=[ref]))
        for each in acceptances:
            named = Named(ref, each.acceptance.effective_on, each.acceptance.key)
            request = request_digest(stated[named])
            lapse(write, named, each.reason, Shown(each.rating, each.annual_loss, digest, revision, as_of, request))


def _stated(refs: Collection[str]) -> dict[Named, AcceptanceFact]:
    """The acceptances of these risks as they were asked for."""
    risks = dict(Risk.objects.filter(ref__in=list(refs), removed_in=None).values_list("id", "ref"))
    found = {}
    for record_id, facts in facts_of(ACCEPTANCES, None, list(risks)).items():
        for stored in facts:
            fact = stored.to_fact(ACCEPTANCES)
            assert isinstance(fact, AcceptanceFact)
            found[Named(risks[record_id], fact.effective_on, fact.key)] = fact
    return found


def _unrecorded(values: RiskValues) -> Iterator[EndedAcceptance]:
    return (each for each in values.ended if each.acceptance.lapsed_on is None)
