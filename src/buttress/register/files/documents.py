"""The YAML documents of a register folder, and the records in them by kind and reference with their places."""

import re
from collections.abc import Iterable
from pathlib import Path

from buttress.formats.folder import FolderLimits, FoundFile, find_files, read_bytes
from buttress.formats.models import REFERENCE
from buttress.formats.problems import Problem, ProblemsError, nearest, refuse, shown
from buttress.formats.strict_yaml import YamlNode, read_yaml
from buttress.register.files.register import Place
from buttress.register.files.schema.kinds import KINDS, MAY_BE_EMPTY, ORGANISATION, ORGANISATION_FILE

MAX_FILE_BYTES = 5_000_000
OTHER_FOLDERS = ("evidence", "results", "control_tests")
"""Top folders that hold no records: evidence files, stored results, declarations of own control tests."""

_REFERENCE = re.compile(REFERENCE.removesuffix("$") + r"\Z")
_ENDINGS = (".yaml", ".yml", ".YAML", ".YML", ".Yaml")

Entries = dict[tuple[str, str], Place]


def read_documents(folder: Path, limits: FolderLimits | None = None) -> tuple[list[YamlNode], list[Problem]]:
    """Every YAML document of the folder in order of path, and what is wrong with files.

    Raises `ProblemsError` where the folder itself cannot be read or is too large.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise refuse(str(folder), None, found, "a register folder", "Give a folder that holds organisation.yaml.")
    found_files, problems = find_files(folder, suffixes=_ENDINGS, skip=OTHER_FOLDERS, limits=limits)
    nodes = []
    for each in found_files:
        node = _document(folder, each, problems)
        if node is not None:
            nodes.append(node)
    if not any(each.path == ORGANISATION_FILE for each in found_files) and not problems:
        advice = f"Add {ORGANISATION_FILE} with organisation: and its name, currency and scales."
        problems.append(Problem(ORGANISATION_FILE, None, "", "nothing", "the file of the organisation", advice))
    return nodes, problems


def _document(folder: Path, found: FoundFile, problems: list[Problem]) -> YamlNode | None:
    if not found.path.endswith(".yaml"):
        stem, ending = found.path.rsplit(".", 1)
        advice = f"Rename it to {stem}.yaml."
        problems.append(Problem(found.path, None, "", f"the ending .{ending}", "the ending .yaml", advice))
        return None
    try:
        return read_yaml(read_bytes(folder, found.path, max_bytes=MAX_FILE_BYTES), file=found.path)
    except ProblemsError as error:
        problems += error.problems
        return None


def gather(nodes: Iterable[YamlNode]) -> tuple[Entries, list[Problem]]:
    """Place of every record by kind and reference, and what is wrong with kinds and references."""
    entries: Entries = {}
    problems: list[Problem] = []
    for node in nodes:
        if node.value is None and node.file != ORGANISATION_FILE:
            continue
        if not isinstance(node.value, dict):
            advice = "Write kinds at the left margin: risks:, controls: ..."
            problems.append(node.problem((), shown(node.value), "a mapping of kinds", advice))
            continue
        if node.file == ORGANISATION_FILE and ORGANISATION not in node.value:
            problems.append(node.problem((), "no organisation", "organisation: with name, currency and scales"))
        for kind, records in node.value.items():
            if kind == ORGANISATION:
                _take_organisation(node, entries, problems)
            elif kind not in KINDS:
                advice = nearest(kind, [*KINDS, ORGANISATION]) or f"Kinds are {', '.join((ORGANISATION, *KINDS))}."
                problems.append(node.problem((kind,), f"the unknown kind {shown(kind)}", "a known kind", advice))
            elif records is not None:
                _take_records(node, kind, entries, problems)
    return entries, problems


def _take_organisation(node: YamlNode, entries: Entries, problems: list[Problem]) -> None:
    if node.file != ORGANISATION_FILE:
        advice = f"Move it to {ORGANISATION_FILE} at the top of the folder."
        problems.append(node.problem((ORGANISATION,), "the organisation", f"it in {ORGANISATION_FILE} only", advice))
    elif node.value[ORGANISATION] is None:
        problems.append(node.problem((ORGANISATION,), "nothing", "the organisation's fields"))
    else:
        entries[ORGANISATION, ""] = Place(node, (ORGANISATION,))


def _take_records(node: YamlNode, kind: str, entries: Entries, problems: list[Problem]) -> None:
    records = node.value[kind]
    if not isinstance(records, dict):
        advice = f"Write each record under its reference below {kind}:."
        problems.append(node.problem((kind,), shown(records), "a mapping of references to records", advice))
        return
    for ref, record in records.items():
        place = Place(node, (kind, ref))
        if not _REFERENCE.match(ref):
            advice = "A reference starts with a letter and has letters, digits, '.', '_' and '-', 64 at most."
            problems.append(place.problem((), f"the reference {shown(ref)}", "a reference such as R-014", advice))
        elif not isinstance(record, dict) and not (record is None and kind in MAY_BE_EMPTY):
            problems.append(place.problem((), shown(record), "a mapping of fields", "Give the record its fields."))
        elif (first := entries.get((kind, ref))) is not None:
            found = f"{shown(ref)} again; it stands first in {first.file}, line {first.line_of()}"
            problems.append(place.problem((), found, "each reference once in the folder", "Rename or join them."))
        else:
            entries[kind, ref] = place
