"""The kinds that controls bring: controls, and the walkthroughs under them."""

from buttress.controls.models import Control, Walkthrough
from buttress.controls.records import ControlRecord, WalkthroughFact
from buttress.orgs.kinds import FactKind, RecordKind, register_fact_kind, register_record_kind
from buttress.orgs.roles import Operation

CONTROLS = register_record_kind(RecordKind("controls", "control", ControlRecord, Control, Operation.CONTROL_CHANGE))
WALKTHROUGHS = register_fact_kind(
    FactKind("controls", "walkthroughs", "walkthrough", WalkthroughFact, Walkthrough, Operation.CONTROL_WALK_THROUGH)
)
