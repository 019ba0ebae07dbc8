"""What stands in the database now, as plans compare it: statements, references once in use, and what must stay."""

from collections.abc import Iterable, Mapping

from buttress.formats.ordering import natural
from buttress.orgs.content import from_text
from buttress.orgs.kinds import RecordKind, fact_kinds, record_kinds
from buttress.orgs.models import Head, RecordVersion
from buttress.orgs.reading import StoredFact, StoredRecord, all_records, facts_of, records_of
from buttress.register.plan.mentions import Mention, mentions
from buttress.register.plan.plan import Standing
from buttress.register.plan.statements import IN_FOLDERS, Stated, StatedFact, Statements, folder_kinds


def standing_now() -> Standing:
    """What the organisation in context says now."""
    statements = stored_statements()
    return Standing(Head.objects.get().revision, statements, _used(statements), _kept())


def stored_statements() -> Statements:
    """Every record and fact of the organisation in context, as they stand now."""
    stored = all_records()
    return {kind.name: _of_kind(kind, stored.get(kind.name, {})) for kind in folder_kinds()}


def _of_kind(kind: RecordKind, records: Mapping[str, StoredRecord]) -> dict[str, Stated]:
    facts = {each.field: facts_of(each) for each in fact_kinds(kind.name)}
    found = {}
    for ref in sorted(records, key=natural):
        record = records[ref]
        own = {name: _stated(of_record[record.id]) for name, of_record in facts.items() if record.id in of_record}
        found[ref] = Stated(record.content, own)
    return found


def _stated(facts: Iterable[StoredFact]) -> tuple[StatedFact, ...]:
    return tuple(StatedFact(f.identity, f.content, f.effective_on, f.position, f.retracted is not None) for f in facts)


def _used(statements: Statements) -> dict[str, frozenset[str]]:
    """References by kind that were in use once and are no more."""
    used: dict[str, set[str]] = {}
    for kind, ref in RecordVersion.objects.values_list("kind", "ref").distinct():
        if ref not in statements.get(kind, {}):
            used.setdefault(kind, set()).add(ref)
    return {kind: frozenset(refs) for kind, refs in used.items()}


def _kept() -> dict[Mention, str]:
    """Records that a folder cannot speak away: those named by kinds that no folder holds."""
    kept: dict[Mention, str] = {}
    for kind in record_kinds():
        if kind.name in IN_FOLDERS:
            continue
        for ref, record in records_of(kind).items():
            for mention in mentions(kind.record, from_text(record.content)):
                kept[mention] = f"{kind.noun} {ref}"
    return kept
