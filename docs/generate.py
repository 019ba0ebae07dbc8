"""Writes the generated pages of docs/reference from the code and content they describe.

Run by `make docs`; a test fails while a page is stale. Pages: commands, register folder, control tests, data sets, settings,
permissions.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from buttress.cli.main import app
from buttress.config.settings_table import SETTINGS
from buttress.controls.library import starter_controls
from buttress.evidence.data.datasets import dataset_schemas
from buttress.evidence.data.date_forms import DateForm
from buttress.evidence.declarations import catalogue, read_declaration
from buttress.evidence.importers.registry import findings_formats, module_of, row_formats
from buttress.evidence.mapping.known import KnownColumn, KnownDataset, known_dataset
from buttress.orgs.role_names import Role
from buttress.orgs.roles import OF_THE_SYSTEM, TABLE, Grant, grant_of

REFERENCE = Path(__file__).parent / "reference"
SCHEMA = Path(__file__).parents[1] / "src" / "buttress" / "content" / "schema" / "register.schema.json"
NOTE = "<!-- Written by make docs; do not edit. -->\n"


def pages() -> Mapping[str, str]:
    """Text of every generated page by file name."""
    return {
        "commands.md": commands(),
        "register-folder.md": register_folder(),
        "control-tests.md": control_tests(),
        "data-sets.md": data_sets(),
        "settings.md": settings(),
        "permissions.md": permissions(),
    }


def commands() -> str:
    overview = _help()
    parts = [NOTE, "# Commands\n", f"```text\n{overview}\n```\n"]
    for name in _command_names(overview):
        parts += _commands_below(name)
    return "\n".join(parts)


def _commands_below(*names: str) -> Iterator[str]:
    """The help of a command, then of those it groups."""
    text = _help(*names)
    yield f"{'#' * (len(names) + 1)} buttress {' '.join(names)}\n\n```text\n{text}\n```\n"
    for name in _command_names(text):
        yield from _commands_below(*names, name)


def _help(*names: str) -> str:
    runner = CliRunner(env={"COLUMNS": "90", "TERMINAL_WIDTH": "90", "NO_COLOR": "1"})
    return runner.invoke(app, [*names, "--help"]).output.strip()


def _command_names(text: str) -> list[str]:
    _, _, listed = text.partition("Commands:")
    return re.findall(r"^  (\w+)  ", listed, re.MULTILINE)


def register_folder() -> str:
    schema = json.loads(SCHEMA.read_text())
    parts = [
        NOTE,
        "# The register folder\n",
        "`organisation.yaml` and any number of other YAML files below the folder, except below `evidence/`, `results/` and\n"
        "`control_tests/`. Top-level keys are kinds; each maps references to records. Facts are lists under their\n"
        "record, each with `effective_on`. Editors complete and check with the schema that ships as\n"
        "`content/schema/register.schema.json`. Fields marked * are required.\n",
    ]
    for kind, entry in schema["properties"].items():
        name = next(iter(_names(entry)))
        parts.append(f"## {kind}\n\n" + "\n".join(_records(name, schema["$defs"], set())) + "\n")
    return "\n".join(parts)


def _records(name: str, defs: Mapping[str, Any], seen: set[str]) -> Iterator[str]:
    """The table of one record and of the records inside it that were not shown yet."""
    seen.add(name)
    definition = defs[name]
    yield _prose(definition.get("description", "")) + "\n"
    yield "| Field | Takes |\n|---|---|"
    inner = []
    for field, spec in definition.get("properties", {}).items():
        star = "*" if field in definition.get("required", ()) else ""
        yield f"| `{field}`{star} | {_takes(spec, defs)} |"
        inner += [n for n in _names(spec) if n not in seen and "properties" in defs[n]]
    for each in dict.fromkeys(inner):
        if each not in seen:
            yield f"\n### {_words(each)}\n"
            yield from _records(each, defs, seen)


def _takes(spec: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    for key in ("anyOf", "oneOf"):
        if key in spec:
            options = [_takes(s, defs) for s in spec[key] if s.get("type") != "null"]
            return " or ".join(dict.fromkeys(options))
    if "$ref" in spec:
        target = defs[_ref(spec)]
        if "enum" in target:
            return ", ".join(f"`{v}`" for v in target["enum"])
        return _words(_ref(spec)) if "properties" in target else _takes(target, defs)
    if "enum" in spec:
        return ", ".join(f"`{v}`" for v in spec["enum"])
    if "const" in spec:
        return f"`{spec['const']}`"
    if spec.get("type") == "array":
        return f"list of {_takes(spec.get('items', {}), defs)}"
    if spec.get("type") == "object":
        inner = spec.get("additionalProperties")
        return f"mapping to {_takes(inner, defs)}" if isinstance(inner, dict) and inner else "mapping"
    return _scalar(spec)


def _scalar(spec: Mapping[str, Any]) -> str:
    types = spec.get("type", "text")
    kinds = [types] if isinstance(types, str) else list(types)
    pattern = spec.get("pattern", "")
    if spec.get("format") == "date" or pattern.startswith("^[0-9]{4}-"):
        return "date"
    if pattern.startswith("^[A-Za-z]["):
        return "reference"
    if pattern.startswith("^[A-Z]{1,2}"):
        return "criterion id"
    if set(kinds) >= {"string", "number", "boolean"}:
        return "text"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    if "number" in kinds or "integer" in kinds:
        # Editors see typed scalars; the reader takes both spellings.
        kinds = [k for k in kinds if k != "string"]
    return " or ".join(dict.fromkeys(words.get(k, k) for k in kinds if k != "null"))


def _names(spec: Any) -> Iterator[str]:
    if isinstance(spec, dict):
        if "$ref" in spec:
            yield _ref(spec)
        for value in spec.values():
            yield from _names(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from _names(value)


def _ref(spec: Mapping[str, Any]) -> str:
    return str(spec["$ref"]).rsplit("/", 1)[1]


def _words(name: str) -> str:
    plain = re.sub(r"(Record|Fact|Declaration)$", "", name)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain).lower()


def _prose(text: str) -> str:
    return " ".join(text.split())


def control_tests() -> str:
    controls = starter_controls()
    parts = [
        NOTE,
        "# Shipped control tests\n",
        "Adopt one by its id under `control_tests:`; its data sets have canonical schemas. Criteria follow from the\n"
        "control.\n",
        "| Test | Question | Data sets | Control |\n|---|---|---|---|",
    ]
    for name, path in sorted(catalogue().items()):
        declared = read_declaration(path)
        sources = ", ".join(f"`{s}`" for s in (declared.source, *declared.also))
        titles = ", ".join(f"{c} {controls[c].title}" for c in declared.controls)
        parts.append(f"| `{name}` | {declared.title} | {sources} | {titles} |")
    return "\n".join(parts) + "\n"


def data_sets() -> str:
    users = _readers_of_data_sets()
    parts = [NOTE, _ABOUT_DATA_SETS, *_formats()]
    for name, schema in sorted(dataset_schemas().items()):
        read_by = ", ".join(users.get(name, []))
        parts.append(f"## {name}\n\nKey: {', '.join(f'`{k}`' for k in schema.key)}. Read by {read_by}.\n")
        rows = ["| Column | Type | Values | Also called |", "|---|---|---|---|"]
        also = known_dataset(name).also_called
        for column in schema.columns:
            star = "" if column.nullable else "*"
            values = ", ".join(f"`{v}`" for v in column.values)
            called = ", ".join(also.get(column.name, ()))
            rows.append(f"| `{column.name}`{star} | {column.type.value} | {values} | {called} |")
        parts.append("\n".join(rows) + "\n")
        parts += _exports_of(known_dataset(name))
    return "\n".join(parts)


def _formats() -> Iterator[str]:
    """What can be read, in the words of each importer."""
    yield "## Formats\n"
    for kind, names, is_findings in (("file", row_formats(), False), ("findings", findings_formats(), True)):
        rows = [f"Of `kind: {kind}`:\n", "| Format | Reads |", "|---|---|"]
        for name in names:
            said = (module_of(name, is_findings=is_findings).__doc__ or "").partition("\n\n")[0]
            rows.append(f"| `{name}` | {_prose(said)} |")
        yield "\n".join(rows) + "\n"


def _readers_of_data_sets() -> Mapping[str, list[str]]:
    users: dict[str, list[str]] = {}
    for name, path in sorted(catalogue().items()):
        declared = read_declaration(path)
        for source in (declared.source, *declared.also):
            users.setdefault(source, []).append(f"`{name}`")
    return users


def _exports_of(known: KnownDataset) -> Iterator[str]:
    """What each product calls the columns, an item a product."""
    for export in known.exports.values():
        lines = [f"**{export.title}**\n"]
        for column, spelled in export.columns.items():
            lines.append(f"- `{column}`: {' or '.join(f'`{h}`' for h in spelled.headings)}{_translated(spelled)}")
        lines += [f"- `{column}`: always `{value}`" for column, value in export.stated.items()]
        if export.note:
            lines.append(f"\nMind: {export.note}.")
        yield "\n".join(lines) + "\n"


def _translated(known: KnownColumn) -> str:
    """The values by what they mean, so that many spellings take little room."""
    means: dict[str, list[str]] = {}
    for text, value in (known.map or {}).items():
        means.setdefault(value or "nothing", []).append("any other" if text == "*" else f"`{text}`")
    return "".join(f"; {', '.join(texts)} → {value}" for value, texts in means.items())


_ABOUT_DATA_SETS = """\
# Data sets that Buttress knows

A data set declared under one of these ids brings its columns and key. Columns marked * must be there in every
row; others may be empty, or missing from the file unless a test decides by them. Times are UTC
(`2026-09-30T05:10:00Z`) unless the column declares a `zone`; booleans are `true` and `false`. Other headings and
spellings are mapped:

```yaml
datasets:
  app_accounts:
    delimiter: ";"
    columns:
      account_id: {from: User ID}
      enabled: {from: State, map: {"ACTIVE": "true", "*": "false"}}
      created_at: {from: Created, date_form: day_month_year, date_as: start_of_day}
      last_login_at: {from: Last login, empty: [never, N/A], zone: Europe/Amsterdam}
      system: {value: crm}
```

`map` must name every spelling that occurs, or `*` for the rest; `empty` are words that stand for nothing.
`date_form` is how dates are written where that is not `2026-09-30`:

{forms}

`date_as` reads plain dates as the start or end of their day; `value` states a column that the file does not have. A
`delimiter` that is no comma is named, a tab as `tab`.

`buttress dataset map FILE` proposes all of this from an export. It knows what is listed here under each data set: the
usual headings, and those of products. **They were written from general knowledge of the products and are not checked
against each of their versions. Vendors rename columns, translate them and let customers choose: look at what is
proposed before you believe a result.** Dotted headings are paths in JSON lines; a list stands as the number of its items.
""".replace("{forms}", "\n".join(f"- `{form}`: {form.example}" for form in DateForm))


def settings() -> str:
    parts = [
        NOTE,
        "# Settings\n",
        "Environment variables, read at the start of every command that uses a database; commands on a register folder\n"
        "need none. One that is unset or empty has its default, a wrong one stops the command and says what was expected.\n"
        "A name that nearly is one of these is refused, because a misspelt address would mean another database.\n",
    ]
    for setting in SETTINGS:
        choices = f" {', '.join(f'`{c}`' for c in setting.choices)}" if setting.choices else ""
        default = f"`{setting.default}`" if setting.choices else setting.default
        parts.append(f"## {setting.name}\n\n{setting.help}\n\nTakes: {setting.kind}{choices}. Default: {default}.\n")
    return "\n".join(parts)


def permissions() -> str:
    """The role × operation table, as the services and selectors ask it."""
    words = {Grant.YES: "yes", Grant.OWN: "own", Grant.NO: "–"}
    head = ["operation", *(role.label for role in Role)]
    lines = [
        "# Permissions",
        "",
        NOTE,
        "What each role may do. Every service and selector asks this table, a service under the lock of its write; what is",
        "not named here is denied. `own`: on what the member owns only. A role taken away works in the very next write.",
        "",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
    ]
    for operation in TABLE:
        if operation not in OF_THE_SYSTEM or TABLE[operation]:
            cells = (words[grant_of(role, operation)] for role in Role)
            lines.append(f"| `{operation}` | {' | '.join(cells)} |")
    system = ", ".join(f"`{operation}`" for operation in TABLE if operation in OF_THE_SYSTEM)
    lines += ["", f"Jobs and the operator of the installation do without a member: {system}.", ""]
    return "\n".join(lines)


def main() -> None:
    for name, text in pages().items():
        (REFERENCE / name).write_text(text)
        print(f"wrote docs/reference/{name}", file=sys.stderr)


if __name__ == "__main__":
    main()
