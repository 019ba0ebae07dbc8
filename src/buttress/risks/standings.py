"""How the decisions about an acceptance make its standing; an end once recorded stays."""

import uuid
from collections.abc import Iterable

from buttress.risks.decisions import AcceptanceStanding, DecisionKind
from buttress.risks.models import AcceptanceDecision


def standing_of(row_id: uuid.UUID, decisions: Iterable[AcceptanceDecision]) -> AcceptanceStanding:
    """The standing of the acceptance that the row `row_id` states now, after `decisions` about any row of its identity.

    A confirmation counts for the words that were confirmed: a correction has to be confirmed anew. An end counts for all.
    """
    confirmed_on = ended = lapsed_on = reason = None
    for decision in decisions:
        kind = DecisionKind(decision.kind)
        if kind is not DecisionKind.CONFIRMED:
            if ended is None:
                ended, lapsed_on, reason = kind, decision.effective_on, decision.reason
        elif decision.acceptance_id == row_id:
            confirmed_on = decision.effective_on
    return AcceptanceStanding(confirmed_on, ended, lapsed_on, reason)
