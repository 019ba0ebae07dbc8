"""Which test a reference names, which controls it looks at, and who owns these."""

import uuid
from typing import NamedTuple

from buttress.controls.models import Control
from buttress.evidence.declarations import catalogue, shipped_test
from buttress.evidence.kinds import CONTROL_TESTS, TEST_KINDS
from buttress.orgs.columns import column_map
from buttress.orgs.errors import InvalidError
from buttress.orgs.kinds import RecordKind
from buttress.orgs.writing import Write


class NamedTest(NamedTuple):
    """A test of the organisation: its kind and its id."""

    kind: RecordKind
    id: uuid.UUID


def find_test(write: Write, ref: str) -> NamedTest | None:
    """The control test, own test or manual test that `ref` names, None where there is none."""
    for kind in TEST_KINDS:
        if (found := write.find(kind.name, ref)) is not None:
            return NamedTest(kind, found)
    return None


def the_test(write: Write, ref: str) -> NamedTest:
    """As `find_test`; raises `InvalidError` where there is none."""
    found = find_test(write, ref)
    if found is None:
        raise InvalidError(f"{ref!r} is no control test of this organisation; adopt or declare the test first")
    return found


def owners_of(write: Write, ref: str, test: NamedTest) -> frozenset[uuid.UUID]:
    """The persons who own a control that the test looks at."""
    write.flush()
    _, links, _ = column_map(test.kind).links[0]
    ids = set(links.objects.filter(record_id=test.id).values_list("target_id", flat=True))
    if not ids and test.kind is CONTROL_TESTS and ref in catalogue():
        ids = {found for control in shipped_test(ref).controls if (found := write.find("controls", control))}
    owners = Control.objects.filter(id__in=ids, owner__isnull=False).values_list("owner_id", flat=True)
    return frozenset(owners)
