"""Catalogues of threats that risks name: BSI elementary threats, MITRE ATT&CK, VERIS, NIST SP 800-30, ENISA.

An entry is named by catalogue and id, e.g. `attack:T1566`. Labels of BSI and VERIS are this project's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from buttress.criteria.loading import content_rows


@dataclass(frozen=True, slots=True)
class CatalogueThreat:
    """`key` is catalogue and id joined by a colon; `parent` is an id of the same catalogue, or a word for its kind."""

    key: str
    catalogue: str
    id: str
    parent: str
    label: str


@cache
def threat_catalogue() -> Mapping[str, CatalogueThreat]:
    """All entries by their key."""
    entries = (
        CatalogueThreat(f"{row['catalogue']}:{row['id']}", row["catalogue"], row["id"], row["parent"], row["label"])
        for row in content_rows("libraries/threats.csv")
    )
    return MappingProxyType({entry.key: entry for entry in entries})
