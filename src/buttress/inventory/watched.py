"""What of assets and vendors may alter risks: that they come or go, and what they are to the organisation."""

from collections.abc import Mapping

from buttress.inventory.asking import Title, Turn, Watched, fields_changed, watch
from buttress.inventory.kinds import ASSETS, VENDORS
from buttress.inventory.records import AssetRecord, VendorRecord
from buttress.orgs.writing import Write

_OF_ASSETS = {"kind": "kind", "in_scope": "scope", "depends_on": "dependencies"}
_OF_VENDORS = {"tier": "tier", "services": "services", "is_subservice": "subservice organisation"}


def _title(noun: str, words: Mapping[str, str]) -> Title:
    """Names and owners alter no risk; that an owner leaves is a change of its own."""

    def title(_write: Write, turn: Turn) -> str | None:
        said = turn.after or turn.before
        assert isinstance(said, AssetRecord | VendorRecord)
        if turn.before is None:
            return f"New {noun}: {said.name}"
        if turn.after is None:
            return f"{noun.capitalize()} removed: {said.name} ({turn.ref})"
        changed = fields_changed(turn.before, turn.after, words)
        return f"{noun.capitalize()} changed: {said.name} ({changed})" if changed else None

    return title


watch(Watched(ASSETS.name, "asset", _title("asset", _OF_ASSETS)))
watch(Watched(VENDORS.name, "vendor", _title("vendor", _OF_VENDORS)))
