"""Two organisations with a whole register each, of the same references, every free text marked with its own word."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from buttress.orgs.kinds import record_kind
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor
from buttress.register.applying.apply import apply_folder
from buttress.register.evaluation import evaluate_tests

HERE = Path(__file__).parent
DAY = date(2026, 6, 30)
"""The day of which the evidence speaks."""


@dataclass(frozen=True)
class Holding:
    """An organisation with its register: its members by reference, who owns it, its own word, and a folder to work in."""

    actors: Mapping[str, Actor]
    owner: str
    mark: str
    folder: Path
    made: Iterator[int] = field(default_factory=lambda: iter(range(10_000)))

    def __getitem__(self, member: str) -> Actor:
        """The member, with a reason for whatever they do."""
        return self.actors[self.owner if member == "owner" else member].because(f"Because {self.mark}")

    def text(self, words: str) -> str:
        return f"{words} {self.mark}"

    def marked(self, content: Any) -> Any:
        """Content as JSON with the organisation's own word in the place of MARK."""
        return json.loads(json.dumps(content, default=str).replace("MARK", self.mark))

    def version(self, kind: str, ref: str) -> int:
        """The version of a record as it stands."""
        with tenant(self["owner"].organisation_id):
            found: int = record_kind(kind).model.objects.values_list("version", flat=True).get(ref=ref)
        return found

    def new(self, name: str) -> Path:
        """A path in the folder that nothing has used."""
        return self.folder / f"{name}-{next(self.made)}"


def hold(actors: Mapping[str, Actor], owner: str, mark: str, folder: Path, *, with_results: bool = False) -> Holding:
    """Writes the register to a folder, runs its control tests where asked for, and applies it to the organisation."""
    holding = Holding(actors, owner, mark, folder)
    source = write_register(holding.new("register"), mark)
    if with_results:
        evaluate_tests(source, DAY, "soc2-2026")
    apply_folder(holding["owner"], source)
    return holding


def write_register(folder: Path, mark: str) -> Path:
    """The register as a folder, with the evidence that it names."""
    files = {
        "organisation.yaml": (HERE / "examples_of_records.yaml").read_text(),
        "control_tests/mfa-everywhere/test.yaml": own_test(),
        "evidence/minutes-MARK.md": "The board met. MARK\n",
        "evidence/accounts-2026-06-30.csv": "id MARK,mfa\na-MARK,Yes MARK\nb-MARK,No MARK\n",
        "evidence/terminals-2026-06-30.csv": "terminal\nWord MARK\n",
    }
    for name, text in files.items():
        path = folder / name.replace("MARK", mark)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("MARK", mark))
    return folder


def own_test(*, version: int = 1, ref: str = "mfa-everywhere") -> str:
    """The source of an own control test."""
    source = (HERE / "examples_of_own_test.yaml").read_text()
    return source.replace("version: 1", f"version: {version}").replace("mfa-everywhere", ref)
