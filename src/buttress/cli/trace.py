"""buttress trace: how did a risk's residual come about?"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from buttress.cli.console import print_json, print_report
from buttress.cli.failures import RefusalError
from buttress.cli.options import AsJson, AsOf, EngagementRef, KnownAt, MemberRef, OrganisationRef
from buttress.cli.source import Asked, source_of

if TYPE_CHECKING:
    from buttress.core.snapshot import RegisterSnapshot


def trace(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[DIR] RISK",
            help="The register folder, without one the database, then the risk's reference, e.g. R-014.",
            show_default=False,
        ),
    ],
    as_of: AsOf = None,
    engagement: EngagementRef = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Print each step to the residual of a risk.

    Every step has its inputs with their source, its formula and its results, so that it can be recomputed by hand.
    """
    folder, ref = _folder_and_risk(words)
    source = source_of(Asked(folder, as_of, engagement, known_at, org, member))
    from buttress.core.posture import posture  # noqa: PLC0415 - numpy and scipy only once there is work
    from buttress.formats.problems import nearest  # noqa: PLC0415
    from buttress.reports.trace import as_json as json_form  # noqa: PLC0415
    from buttress.reports.trace import terminal  # noqa: PLC0415
    from buttress.reports.trace.view import trace_view  # noqa: PLC0415

    (snapshot,) = source.snapshots_on((source.as_of,))
    known = [risk.ref for risk in snapshot.risks]
    if ref not in known:
        other = _kind_of(ref, snapshot)
        if other is not None:
            raise RefusalError(f"{ref} is {other}; trace takes a risk")
        same = next((f"Did you mean {each!r}?" for each in known if _bare(each) == _bare(ref)), None)
        raise RefusalError(f"There is no risk {ref!r} as of {source.as_of}. {same or nearest(ref, known)}".rstrip())
    found = posture(snapshot)
    view = trace_view(found, ref)
    if as_json:
        print_json(json_form.document(view))
    else:
        print_report(terminal.render(view))


def _folder_and_risk(words: list[str]) -> tuple[Path | None, str]:
    *folders, ref = words
    if len(folders) > 1:
        raise RefusalError(f"{len(words)} arguments; give the register folder, if any, and one risk, e.g. R-014")
    if not folders and Path(ref).is_dir():
        raise RefusalError(f"{ref} is a folder; name the risk as well, e.g. buttress trace {ref} R-014")
    return Path(folders[0]) if folders else None, ref


def _kind_of(ref: str, snapshot: "RegisterSnapshot") -> str | None:
    """What `ref` is where it is no risk; None where it is nothing known."""
    kinds = {
        "a control": [control.ref for control in snapshot.controls],
        "a control test": [test.id for test in snapshot.tests],
        "an exception": [exception.ref for exception in snapshot.exceptions],
    }
    return next((kind for kind, refs in kinds.items() if ref in refs), None)


def _bare(ref: str) -> str:
    """A reference without what is easily left out: case, and zeros before a number."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", ref.casefold())
