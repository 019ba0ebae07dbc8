"""The kinds that the inventory brings: objectives, assets, vendors and changes."""

from buttress.inventory.models import Asset, Change, Objective, Vendor
from buttress.inventory.records import AssetRecord, ChangeRecord, ObjectiveRecord, VendorRecord
from buttress.orgs.kinds import RecordKind, register_record_kind
from buttress.orgs.roles import Operation

OBJECTIVES = register_record_kind(
    RecordKind("objectives", "objective", ObjectiveRecord, Objective, Operation.INVENTORY_CHANGE)
)
ASSETS = register_record_kind(RecordKind("assets", "asset", AssetRecord, Asset, Operation.INVENTORY_CHANGE))
VENDORS = register_record_kind(RecordKind("vendors", "vendor", VendorRecord, Vendor, Operation.INVENTORY_CHANGE))
CHANGES = register_record_kind(RecordKind("changes", "change", ChangeRecord, Change, Operation.CHANGE_RECORD))
