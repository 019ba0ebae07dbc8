"""Snapshots of the database at a moment: what the same register gives as a folder, with what was decided and known then."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from buttress.core.snapshot import RegisterSnapshot
from buttress.core.verdicts import ApprovedException
from buttress.evidence.reading import evidence_at
from buttress.orgs.errors import InvalidError
from buttress.orgs.models import Head
from buttress.orgs.moments import Moment
from buttress.register.database.register import register_of
from buttress.register.database.renames import Renames, as_now, renames_at
from buttress.register.snapshot import build_snapshot
from buttress.register.values.decisions import AcceptanceName, Decisions
from buttress.risks.decisions import AcceptanceStanding
from buttress.risks.selectors import standings_at


def snapshot_of(
    moment: Moment, engagement: str | None = None, *, risks: Collection[str] | None = None
) -> RegisterSnapshot:
    """The register of the organisation in context at a moment; `known_at` is then set, to the last change where the
    moment names no instant of knowledge.

    With `risks` only these, the controls that they name and the tests of these are in it, and no data sets: their
    figures come out as from the whole. Raises `ProblemsError` where `engagement` names none or a currency has no rate,
    `InvalidError` where risks were assessed before there was a scale.
    """
    renames = renames_at(as_now(moment))
    register = register_of(moment, risks=risks, renames=renames)
    if not register.organisation.scales and any(risk.assessments for risk in register.risks.values()):
        raise InvalidError("Risks are assessed, but no scale version is stated; state one, or apply a folder with one")
    evidence = evidence_at(moment, None if risks is None else register.controls.keys())
    has_acceptances = any(risk.acceptances for risk in register.risks.values())
    snapshot = build_snapshot(
        register,
        moment.as_of,
        engagement,
        tests=evidence.tests,
        results=evidence.results,
        datasets=evidence.datasets,
        decisions=Decisions(
            _standings(moment, renames, risks) if has_acceptances else {},
            tuple(_exceptions(evidence.exceptions, renames)),
        ),
    )
    return replace(snapshot, known_at=moment.known_at or Head.objects.get().recorded_at)


def snapshots_at(moments: Sequence[Moment], engagement: str | None = None) -> tuple[RegisterSnapshot, ...]:
    """As `snapshot_of`, of each moment in its order."""
    return tuple(snapshot_of(moment, engagement) for moment in moments)


def _standings(
    moment: Moment, renames: Renames, risks: Collection[str] | None
) -> Mapping[AcceptanceName, AcceptanceStanding]:
    """What was decided about acceptances, by the references of risks that were known last."""
    now = renames.now
    found = standings_at(moment, risks).items()
    return {(now.get(("risks", ref), ref), day, key): each for (ref, day, key), each in found}


def _exceptions(exceptions: Iterable[ApprovedException], renames: Renames) -> Iterator[ApprovedException]:
    for each in exceptions:
        known_as = each.risk and renames.at.get(("risks", each.risk))
        yield replace(each, risk=known_as) if known_as else each
