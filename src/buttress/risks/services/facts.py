"""How facts of risks and of the methodology are corrected and withdrawn: by a newer one of their identity, with a reason."""

from collections.abc import Sequence
from typing import Any

from buttress.orgs import recording
from buttress.orgs.content import from_text, to_text
from buttress.orgs.errors import InvalidError
from buttress.orgs.kinds import FactKind
from buttress.orgs.recording import Standing, identity_of
from buttress.orgs.writing import Write, Written
from buttress.risks.services.validity import standing_fact


def correct(write: Write, kind: FactKind, ref: str, fact: Any, version: int | None) -> Written:
    """The fact in the place of the one with its identity; raises where there is none, or the actor gave no reason."""
    if not write.actor.reason.strip():
        raise InvalidError(f"A correction of the {kind.noun} of {ref} needs a reason; say what was wrong")
    standing_fact(write, kind, ref, identity_of(kind, fact))
    return recording.state(write, kind, ref, fact, Standing(version=version, is_correction=True))


def retract(write: Write, kind: FactKind, ref: str, identity: Sequence[object], reason: str) -> Written:
    """The fact of that identity says nothing any more, because of `reason`; what it said stays in its place."""
    if not reason.strip():
        raise InvalidError(f"To withdraw the {kind.noun} of {ref} needs a reason; say what was wrong")
    standing = standing_fact(write, kind, ref, to_text(list(identity)))
    if standing.retracted is not None:
        raise InvalidError(f"The {kind.noun} of {ref} is withdrawn already: {standing.retracted}")
    fact = kind.record.model_validate({**from_text(standing.content), "retracted": reason})
    return recording.state(write, kind, ref, fact, Standing(is_correction=True))
