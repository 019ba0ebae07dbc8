"""buttress due: what waits for whom, and until when?"""

from typing import Annotated

import typer

from buttress.cli.failures import RefusalError
from buttress.cli.monitoring import answer, snapshot_asked
from buttress.cli.options import (
    AsCsv,
    AsJson,
    AsOf,
    EngagementRef,
    KnownAt,
    MemberRef,
    OrganisationRef,
    RegisterPlace,
)
from buttress.cli.source import Asked
from buttress.formats.problems import nearest


def due(
    folder: RegisterPlace = None,
    owner: Annotated[str | None, typer.Option(metavar="REF", help="Only what waits for this person.")] = None,
    as_of: AsOf = None,
    engagement: EngagementRef = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """List what is due, for whom and by when: overdue first, then the next 30 days, then what has no day.

    Tests by hand, missing evidence, old sources, deviations past their term, reviews, decisions, treatments, changes.
    """
    snapshot = snapshot_asked(Asked(folder, as_of, engagement, known_at, org, member))
    known = {person.ref for person in snapshot.persons}
    if owner is not None and owner not in known:
        raise RefusalError(f"There is no person {owner!r}. {nearest(owner, known) or ''}".rstrip())
    from buttress.core.posture import posture  # noqa: PLC0415 - numpy and scipy only once there is work
    from buttress.reports.monitoring.due import as_csv as csv_form  # noqa: PLC0415
    from buttress.reports.monitoring.due import as_json as json_form  # noqa: PLC0415
    from buttress.reports.monitoring.due import terminal  # noqa: PLC0415
    from buttress.reports.monitoring.due.view import due_view  # noqa: PLC0415

    view = due_view(snapshot, posture(snapshot), owner)
    answer(
        as_json=as_json,
        as_csv=as_csv,
        document=lambda: json_form.document(view),
        table=lambda: csv_form.table(view),
        report=lambda: terminal.render(view),
    )
