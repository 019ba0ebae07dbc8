"""The `resources.json` of a Cloud Custodian policy: the resources that matched its filters, and none that did not.

Matches are no population, so a test that counts them alone is incomplete: `matches_only`. Read beside the population
(`also`) they are the list of what failed, once the receipt says that the policy ran through. Sources are paths in a
resource; a list stands as the number of its items.
"""

from collections.abc import Sequence
from dataclasses import replace

from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.evidence_file import Evidence
from buttress.evidence.data.raw_rows import MATCHES_ONLY, RawRows
from buttress.evidence.importers.rows._json_records import rows_of
from buttress.formats.problems import refuse, shown
from buttress.formats.strict_json import read_json


def read(source: Evidence, dataset: DatasetDeclaration, wanted: Sequence[str]) -> RawRows:
    """Every resource that matched."""
    resources = read_json(source.content(), file=source.name)
    if not isinstance(resources, list):
        advice = "Take resources.json, not metadata.json."
        raise refuse(source.name, None, shown(resources), "a list of resources", advice)
    records = ((None, f"[{index}]", resource) for index, resource in enumerate(resources))
    return replace(rows_of(records, wanted, source.name), doubts=(MATCHES_ONLY,))
