"""What a plan says, done within one open write: records in the order in which they name each other, then their facts."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from buttress.evidence.kinds import MANUAL_RESULTS
from buttress.evidence.manual import ManualResult
from buttress.evidence.manual_documents import note_document
from buttress.formats.models import StrictModel
from buttress.orgs import recording
from buttress.orgs.columns import references
from buttress.orgs.kinds import FactKind, RecordKind, fact_kind, record_kind
from buttress.orgs.recording import Standing
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write
from buttress.register.applying.renaming import let_name
from buttress.register.applying.rules import refuse_change, refuse_second_test
from buttress.register.plan.planned import FactPlanned, Plan, RecordRenamed
from buttress.register.plan.statements import Statements, folder_kinds
from buttress.risks.kinds import RISKS
from buttress.risks.services.validity import refuse_incoherent

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and how much there is."""

_MANY = 50
"""From so many statements on, all references are read at once."""
_EVERY = 500


@dataclass(slots=True)
class Applying:
    """A plan that is being done. `wanted` holds the records and facts that it names, `documents` SHA-256 (hex) of the
    documents of manual results by their paths."""

    write: Write
    plan: Plan
    wanted: Statements
    documents: Mapping[str, str]
    progress: Progress
    _done: int = field(default=0)

    def run(self) -> None:
        """Does everything; raises `ForbiddenError` where the actor may not do one of the things by itself."""
        self._permit()
        if len(self.plan.added) + len(self.plan.facts) >= _MANY:
            for kind in folder_kinds():
                self.write.know_all(kind.name)
        for renamed in self.plan.renamed:
            self._rename(renamed)
        for kind, refs in self._added().items():
            self._add(kind, refs)
        for changed in self.plan.changed:
            self._change(record_kind(changed.kind), changed.ref)
        self._state_facts()
        for kind in reversed(folder_kinds()):
            for left in self.plan.removed:
                if left.kind == kind.name:
                    recording.remove(self.write, kind, left.ref, self._version(kind, left.ref))
                    self._step("records")
        for added in self.plan.added:
            refuse_second_test(self.write, added.kind, added.ref)
        for ref in self._risks_with_other_facts():
            refuse_incoherent(self.write, ref)

    def _risks_with_other_facts(self) -> list[str]:
        """Risks that were written and keep facts which the folder does not have: nothing has judged them together."""
        plan = self.plan
        written = {each.ref for each in plan.changed if each.kind == RISKS.name}
        written |= {each.ref for each in plan.facts if each.kind == RISKS.name}
        left = dict.fromkeys(each.ref for each in plan.facts_left if each.kind == RISKS.name)
        return [ref for ref in left if ref in written]

    def _change(self, kind: RecordKind, ref: str) -> None:
        row, record = recording.stored(self.write, kind, ref), self._record(kind.name, ref)
        refuse_change(kind, ref, recording.latest_content(self.write, row.id), record)
        recording.change(self.write, kind, ref, record, row.version)
        self._step("records")

    def _permit(self) -> None:
        """An apply gives nobody more than the services that it stands for."""
        kinds = {each.kind for each in self.plan.added} | {each.kind for each in self.plan.changed}
        kinds |= {each.kind for each in self.plan.removed} | {each.kind for each in self.plan.renamed}
        operations = {record_kind(kind).operation for kind in kinds}
        operations |= {fact_kind(each.kind, each.field).operation for each in self.plan.facts}
        for operation in sorted(operations):
            self.write.permit(operation)
        self.write.permit(Operation.REGISTER_APPLY)

    def _rename(self, renamed: RecordRenamed) -> None:
        kind = record_kind(renamed.kind)
        recording.rename(self.write, kind, renamed.ref, renamed.new_ref, self._version(kind, renamed.ref))
        for naming_kind, ref in renamed.named_by:
            let_name(self.write, record_kind(naming_kind), ref, (renamed.kind, renamed.ref), renamed.new_ref)
        self._step("records")

    def _added(self) -> dict[RecordKind, list[str]]:
        refs: dict[str, list[str]] = {}
        for added in self.plan.added:
            refs.setdefault(added.kind, []).append(added.ref)
        return {kind: refs[kind.name] for kind in folder_kinds() if kind.name in refs}

    def _add(self, kind: RecordKind, refs: list[str]) -> None:
        records = {ref: self._record(kind.name, ref) for ref in refs}
        for ref in named_first(kind, records):
            recording.add(self.write, kind, ref, records[ref])
            self._step("records")

    def _state_facts(self) -> None:
        for planned, kind, fact in self._facts():
            # The plan knows what stands, and with it the place.
            standing = Standing(planned.position, is_correction=True)
            recording.state(self.write, kind, planned.ref, fact, standing)
            if kind == MANUAL_RESULTS and isinstance(fact, ManualResult) and fact.retracted is None:
                note_document(self.write, planned.ref, fact, self.documents[fact.document])
            self._step("facts")

    def _facts(self) -> Iterator[tuple[FactPlanned, FactKind, StrictModel]]:
        for planned in self.plan.facts:
            stated = self.wanted[planned.kind][planned.ref].facts[planned.field]
            fact = next(each.fact for each in stated if each.identity == planned.identity)
            assert fact is not None, "what is wanted was read from a folder"
            yield planned, fact_kind(planned.kind, planned.field), fact

    def _record(self, kind: str, ref: str) -> StrictModel:
        record = self.wanted[kind][ref].record
        assert record is not None, "what is wanted was read from a folder"
        return record

    def _version(self, kind: RecordKind, ref: str) -> int:
        """Nobody else writes while this write is open."""
        return recording.stored(self.write, kind, ref).version

    def _step(self, what: str) -> None:
        plan = self.plan
        total = len(plan.added) + len(plan.changed) + len(plan.renamed) + len(plan.removed) + len(plan.facts)
        self._done += 1
        if self._done % _EVERY == 0 or self._done == total:
            self.progress(what, self._done, total)


def named_first(kind: RecordKind, records: Mapping[str, StrictModel]) -> Iterable[str]:
    """References in an order in which each record comes after those of its own kind that it names."""
    named = {ref: references(kind, record).get(kind.name, set()) for ref, record in records.items()}
    ordered: dict[str, None] = {}
    for start in records:
        waiting = [start]
        while waiting:
            ref = waiting[-1]
            ahead = sorted(other for other in named[ref] if other in records and other not in ordered)
            # In a circle, which no valid register has, whoever comes round again is not waited for.
            ahead = [other for other in ahead if other not in waiting]
            if ahead:
                waiting.append(ahead[0])
            else:
                ordered.setdefault(waiting.pop())
    return ordered
