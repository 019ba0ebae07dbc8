"""Renaming: a risk gets another reference, and every record that names it says so in the same write."""

from buttress.orgs import recording
from buttress.orgs.content import from_text
from buttress.orgs.kinds import RecordKind
from buttress.orgs.reading import all_records
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes
from buttress.register.plan.mentions import Mention
from buttress.register.plan.plan import renamed_content
from buttress.register.plan.statements import folder_kinds
from buttress.risks.services import risk as risks


@writes(Operation.RISK_CHANGE)
def rename_risk(write: Write, *, ref: str, new_ref: str, version: int) -> Written:
    """The risk under `new_ref` from now on, on every day; raises `TakenError` where something has or had that name."""
    written = risks.rename_risk(write.actor, ref=ref, new_ref=new_ref, version=version)
    old = ("risks", ref)
    stored = all_records()
    for kind in folder_kinds():
        for naming, record in stored.get(kind.name, {}).items():
            current = new_ref if (kind.name, naming) == old else naming
            content = recording.latest_content(write, record.id) if record.id in write.versions else record.content
            if renamed_content(kind, content, old, new_ref) != content:
                let_name(write, kind, current, old, new_ref)
    return written


def let_name(write: Write, kind: RecordKind, ref: str, old: Mention, new_ref: str) -> None:
    """A new version of a record that names `old`, which has another reference now."""
    row = recording.stored(write, kind, ref)
    content = renamed_content(kind, recording.latest_content(write, row.id), old, new_ref)
    recording.change(write, kind, ref, kind.to_record(ref, from_text(content)), row.version)
