"""The published JSON Schema of register files, by which editors complete and check them while they are written.

Editors read YAML scalars as typed, so numbers, truth values and texts are accepted in every form that the strict reader
takes. Run `python -m buttress.register.files.json_schema` to write the file anew after a change of the models.
"""

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from buttress.formats.models import REFERENCE, StrictModel
from buttress.register.files.schema.kinds import KINDS, MAY_BE_EMPTY, ORGANISATION
from buttress.register.files.schema.organisation import OrganisationRecord

SCHEMA_FILE = Path(__file__).parents[2] / "content" / "schema" / "register.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def register_schema() -> dict[str, Any]:
    """One schema for every YAML file of a register folder."""
    models: dict[str, type[StrictModel]] = {ORGANISATION: OrganisationRecord, **KINDS}
    named, definitions = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template="#/$defs/{model}"
    )
    references = {kind: named[model, "validation"] for kind, model in models.items()}
    properties: dict[str, Any] = {ORGANISATION: references[ORGANISATION]}
    for kind in KINDS:
        record: dict[str, Any] = references[kind]
        if kind in MAY_BE_EMPTY:
            record = {"anyOf": [record, {"type": "null"}]}
        properties[kind] = {
            "type": ["object", "null"],
            "description": _purpose(KINDS[kind]),
            "propertyNames": {"pattern": REFERENCE},
            "additionalProperties": record,
        }
    defs = {name: _as_written(schema) for name, schema in sorted(definitions["$defs"].items())}
    return {
        "$schema": _DIALECT,
        "title": "Buttress register",
        "description": "A YAML file of a register folder: kinds of record, each a mapping of references to records.",
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": False,
        "$defs": defs,
    }


def _purpose(model: type[StrictModel]) -> str:
    return " ".join((model.__doc__ or "").split("\n\n")[0].split())


def _as_written(schema: dict[str, Any]) -> dict[str, Any]:
    """A field that may be left out may be left empty too; generated titles say nothing that the key does not."""
    required = set(schema.get("required", ()))
    properties = {}
    for name, field in schema.get("properties", {}).items():
        kept = {key: value for key, value in field.items() if key not in ("title", "default")}
        properties[name] = kept if name in required or _takes_null(kept) else _or_null(kept)
    if properties:
        schema = {**schema, "properties": properties}
    schema.pop("title", None)
    if "description" in schema:
        schema["description"] = " ".join(schema["description"].split("\n\n")[0].split())
    return schema


def _takes_null(field: dict[str, Any]) -> bool:
    return field.get("type") == "null" or any(_takes_null(each) for each in field.get("anyOf", ()))


def _or_null(field: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [field, {"type": "null"}]}


def schema_text() -> str:
    """The schema as it is published, byte for byte."""
    return json.dumps(register_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.parent.mkdir(parents=True, exist_ok=True)
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
