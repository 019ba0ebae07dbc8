"""The components of a CycloneDX bill of materials (JSON, 1.4 to 1.6): a population of software, and nothing about its flaws.

Sources are paths in a component: `purl`, `name`, `version`, `type`, `bom-ref`, `licenses` (their number), and so on.
Components inside of components count like all others. The product that the bill describes is no component of itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.evidence_file import Evidence
from buttress.evidence.data.raw_rows import RawRows
from buttress.evidence.importers.rows._json_records import Record, rows_of
from buttress.formats.problems import refuse, shown
from buttress.formats.strict_json import read_json

_VERSIONS = ("1.4", "1.5", "1.6")
_WHOLE = ("complete", "unknown", "not_specified")
"""What a bill says of its own completeness that is no doubt: most say nothing."""


def read(source: Evidence, dataset: DatasetDeclaration, wanted: Sequence[str]) -> RawRows:
    """A bill that itself says that it is incomplete is a doubt: `bill_incomplete(n)`, n being the parts that say so."""
    bill = read_json(source.content(), file=source.name)
    if not isinstance(bill, dict) or bill.get("bomFormat") != "CycloneDX":
        raise refuse(source.name, None, "no bomFormat CycloneDX", "a CycloneDX bill of materials in JSON")
    if bill.get("specVersion") not in _VERSIONS:
        found = f"specVersion {shown(bill.get('specVersion'))}"
        raise refuse(source.name, None, found, f"one of {', '.join(_VERSIONS)}", "Export it in a version named here.")
    listed = bill.get("components", [])
    if not isinstance(listed, list):
        raise refuse(source.name, None, shown(listed), "a list of components", field="components")
    rows = rows_of(_components(listed, "components"), wanted, source.name)
    return replace(rows, doubts=_doubts(bill))


def _components(listed: Sequence[Any], place: str) -> Iterator[Record]:
    """Each component, then those inside of it; the depth of the document is limited by its reader."""
    for index, component in enumerate(listed):
        here = f"{place}[{index}]"
        yield None, here, component
        inside = component.get("components") if isinstance(component, dict) else None
        if isinstance(inside, list):
            yield from _components(inside, f"{here}.components")


def _doubts(bill: dict[str, Any]) -> tuple[str, ...]:
    compositions = bill.get("compositions")
    parts = [part for part in compositions if isinstance(part, dict)] if isinstance(compositions, list) else []
    incomplete = sum(part.get("aggregate") not in _WHOLE for part in parts)
    return (f"bill_incomplete({incomplete})",) if incomplete else ()
