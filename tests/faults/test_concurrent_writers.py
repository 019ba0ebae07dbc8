"""Many writers at once lose no update and see no lock error, on either engine."""

import pytest

from faults.installations import SCRIPTS, Installation

pytestmark = pytest.mark.faults

_SHARED = """
import django; django.setup()
from buttress.orgs.records import PersonRecord
from buttress.orgs.selectors import actor_of
from buttress.orgs.services import add_person
add_person(actor_of("harbourline", "ruth"), ref="shared", person=PersonRecord(name="Shared", title="0"))
"""


@pytest.mark.parametrize(("writers", "count"), [(2, 20), (20, 3)])
def test_parallel_writers_lose_no_update(installation: Installation, writers: int, count: int) -> None:
    installation.run("-c", _SHARED)
    script = str(SCRIPTS / "write_persons.py")
    processes = [installation.start(script, f"w{number}", str(count)) for number in range(writers)]
    ended = [process.communicate(timeout=240) for process in processes]
    for process, (out, err) in zip(processes, ended, strict=True):
        assert process.returncode == 0, f"{out}\n{err}"
    told = installation.script("read_persons.py").splitlines()
    assert told == [f'{{"name":"Shared","title":"{writers * count}"}} {3 + writers * count}']
