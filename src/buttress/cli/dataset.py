"""buttress dataset map: how an export of somebody's own is declared as a data set."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from buttress.cli.console import note
from buttress.cli.failures import RefusalError
from buttress.cli.options import ORGANISATION
from buttress.formats.printable import in_one_line

if TYPE_CHECKING:
    from buttress.evidence.data.snapshots import Snapshot
    from buttress.evidence.mapping.proposal import Proposal
    from buttress.evidence.mapping.sample import Sample
    from buttress.evidence.mapping.undecided import Served
    from buttress.register.files.register import Register

EVIDENCE = "evidence"
SHOWN_PROBLEMS = 5

datasets = typer.Typer(no_args_is_help=True)


@datasets.callback()
def about() -> None:
    """The files that evidence lies in."""


@datasets.command("map")
def propose_mapping(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export: CSV, JSON lines, XLSX or another table.")],
    schema: Annotated[
        str | None, typer.Option(metavar="NAME", help="The data set it is. [default: the one it is most like]")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the declaration into the register of the file.")
    ] = False,
    zone: Annotated[
        str | None,
        typer.Option(metavar="ZONE", help="Of times without one. [default: the register's, else UTC]"),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="The table format. [default: as the name ends]")
    ] = None,
) -> None:
    """Propose how an export is declared as a data set.

    Prints the declaration as YAML, and beside it, on the error stream, what is known and what was guessed. Nothing is
    sent anywhere, and no file is changed; --write makes datasets/NAME.yaml in the register folder that FILE lies in.
    """
    if not file.is_file():
        raise RefusalError(f"{file} is not a file; name an export such as evidence/okta-users-2026-09-30.csv")
    from buttress.evidence.mapping.proposal import Wish, propose  # noqa: PLC0415 - keeps help quick
    from buttress.evidence.mapping.sampling import sample_of  # noqa: PLC0415
    from buttress.evidence.mapping.trial import read_as  # noqa: PLC0415

    folder = _register_of(file)
    register = _read(folder, is_needed=write) if folder is not None else None
    chosen = _zone(zone) or (register.organisation.time_zone if register else None)
    sample = sample_of(file.parent, file.name, kind)
    where = EVIDENCE if folder is None else file.resolve().parent.relative_to(folder).as_posix()
    proposal = propose(sample, Wish(schema, chosen, where))
    snapshot = read_as(file.parent, file.name, proposal.dataset, proposal.record, ZoneInfo(chosen or "UTC"))
    for line in _explained(proposal, sample, snapshot, is_placed=folder is not None):
        typer.echo(in_one_line(line), err=True)
    text = _as_yaml(proposal)
    typer.echo(text, nl=False)
    if write:
        _write(proposal, text, folder, register, reads=not snapshot.problems)


def _register_of(file: Path) -> Path | None:
    """The register folder below whose evidence/ the file lies."""
    for folder in file.resolve().parents:
        if folder.name == EVIDENCE and (folder.parent / ORGANISATION).is_file():
            return folder.parent
    return None


def _read(folder: Path, *, is_needed: bool) -> "Register | None":
    """The register, for its zone and what it declares already; one with problems is needed only for writing into it."""
    from buttress.formats.problems import ProblemsError  # noqa: PLC0415 - keeps help quick
    from buttress.register.files.reader import read_register  # noqa: PLC0415

    try:
        return read_register(folder)
    except ProblemsError:
        if is_needed:
            raise
        note(f"{folder} has problems, so its time zone is not known; see them with: buttress check {folder}")
        return None


def _zone(zone: str | None) -> str | None:
    try:
        return ZoneInfo(zone).key if zone else None
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise RefusalError(f"--zone: {zone!r} is not a time zone; name one such as Europe/Amsterdam") from None


def _as_yaml(proposal: "Proposal") -> str:
    from buttress.register.files.writer import to_yaml  # noqa: PLC0415 - keeps help quick

    return to_yaml({"datasets": {proposal.dataset: proposal.record}})


def _write(proposal: "Proposal", text: str, folder: Path | None, register: "Register | None", *, reads: bool) -> None:
    if folder is None or register is None:
        raise RefusalError(
            f"--write needs the register: put the file below the {EVIDENCE} folder of one, and map it there"
        )
    if proposal.dataset in register.datasets:
        declared = register.place("datasets", proposal.dataset).file
        raise RefusalError(f"{proposal.dataset} is declared already, in {declared}; change it there")
    if not (proposal.is_ready and reads):
        raise RefusalError(
            "Nothing was written, because the declaration would not read the file yet; see above what is to be said"
        )
    target = folder / "datasets" / f"{proposal.dataset}.yaml"
    target.parent.mkdir(exist_ok=True)
    with target.open("x", encoding="utf-8") as handle:
        handle.write(text)
    note(f"Wrote {target}; see what it comes to with: buttress check {folder}")


def _explained(proposal: "Proposal", sample: "Sample", snapshot: "Snapshot", *, is_placed: bool) -> Iterator[str]:
    """What is known, what is guessed, what is missing: a line each."""
    yield _about(sample)
    product = f" ({proposal.product})" if proposal.product else ""
    others = f"; also possible: {', '.join(proposal.others)}" if proposal.others else ""
    yield f"It looks like {proposal.dataset}{product}: {proposal.confidence}{others}"
    yield from _columns(proposal)
    yield from _section("To be said before it can be read", proposal.open)
    yield from _read_line(snapshot, proposal)
    yield from _section("Guessed, so look at it", proposal.guesses)
    yield from _tests(proposal)
    if proposal.unused:
        yield from _section("Not used", [", ".join(proposal.unused)])
    if not is_placed:
        yield f"Put the file below the {EVIDENCE} folder of your register, and this into one of its YAML files:"


def _read_line(snapshot: "Snapshot", proposal: "Proposal") -> Iterator[str]:
    """What came of reading the whole file under the declaration."""
    if not snapshot.problems:
        keys = f"{snapshot.distinct_keys:,} different keys"
        yield f"Read in full under this declaration: {_rows(snapshot.rows)}, {keys}"
    elif proposal.is_ready:
        more = len(snapshot.problems) - SHOWN_PROBLEMS
        left = [f"and {more} more"] if more > 0 else []
        yield from _section("Does not read in full", [*map(str, snapshot.problems[:SHOWN_PROBLEMS]), *left])


def _about(sample: "Sample") -> str:
    named = {";": "semicolon", "\t": "tab", "|": "bar", None: "comma"}
    how = f", cut by {named[sample.delimiter]}" if sample.format == "csv" else ""
    encoding = f", {sample.encoding}" if sample.encoding else ""
    rows = _rows(len(sample.rows)) if sample.is_whole else f"more than {_rows(len(sample.rows))}"
    return f"{sample.file}: {sample.format}{how}{encoding}, {len(sample.headings)} columns, {rows}"


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _columns(proposal: "Proposal") -> Iterator[str]:
    """Aligned, so that they are quick to look over."""
    rows = [(m.column.name, m.heading, str(m.confidence)) for m in proposal.matches]
    rows += [(name, f"always {value}", "guessed") for name, value in proposal.stated.items()]
    rows += [(column.name, "missing", "") for column in proposal.missing]
    wide = max((len(name) for name, _, _ in rows), default=0)
    broad = min(max((len(heading) for _, heading, _ in rows), default=0), 48)
    for name, heading, confidence in rows:
        yield f"  {name:<{wide}}  {heading:<{broad}}  {confidence}".rstrip()


def _section(title: str, lines: "tuple[str, ...] | list[str]") -> Iterator[str]:
    if lines:
        yield f"{title}:"
        yield from (f"  - {line}" for line in lines)


def _tests(proposal: "Proposal") -> Iterator[str]:
    from buttress.evidence.mapping.undecided import served_by  # noqa: PLC0415 - reads the whole catalogue

    served = served_by(proposal.dataset, [match.column.name for match in proposal.matches], proposal.stated)
    decided = [_terms_of(each) for each in served if not each.lacking]
    yield from _section("Control tests that it serves", decided)
    left = [f"{each.test}: {', '.join(each.lacking)} missing" for each in served if each.lacking]
    yield from _section("Control tests that it cannot decide", left)


def _terms_of(served: "Served") -> str:
    """The test, what else it needs, and what it would take on trust."""
    others = f", together with {' and '.join(served.also)}" if served.also else ""
    trust = f", taking {' and '.join(served.on_trust)} on trust" if served.on_trust else ""
    return f"{served.test}{others}{trust}"
