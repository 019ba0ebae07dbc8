"""From the findings of one report to what may be concluded from it: copies once, and what makes it doubtful named."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from buttress.evidence.importers.finding import Finding
from buttress.evidence.importers.imported import Imported

NOTHING_RECOGNISED = "nothing_recognised"
"""Bar: the tool names nothing that it looked at."""
NO_ADVISORY_DATA = "no_advisory_data"
"""Bar: nothing says that known vulnerabilities were looked up."""


def whole_report(
    findings: Iterable[Finding],
    *,
    executed: Iterable[str] | None = None,
    doubts: Sequence[str] = (),
    bars: Sequence[str] = (),
) -> Imported:
    """The report's content. A finding that stands there twice is one; two of one identity that differ are both kept.

    What the tool itself calls archived is not the state of today: it makes the report doubtful, and useless where
    nothing else is in it.
    """
    kept = _without_copies(findings)
    archived = sum(finding.is_archived for finding in kept)
    repeated = len(kept) - len({finding.finding_uid for finding in kept})
    added = [f"archived({archived})"] if archived else []
    added += [f"repeated_keys({repeated})"] if repeated else []
    return Imported(
        findings=kept,
        executed=None if executed is None else frozenset(executed),
        doubts=tuple(dict.fromkeys([*doubts, *added])),
        bars=(*bars, *(["all_archived"] if kept and archived == len(kept) else [])),
    )


def _without_copies(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    kept: dict[Finding, Finding] = {}
    for finding in findings:
        kept.setdefault(replace(finding, place=""), finding)
    return tuple(kept.values())


def count_doubt(counted: int, stated: int | None) -> tuple[str, ...]:
    """A doubt where the tool's own count of what it lists is another than that of the list."""
    return () if stated is None or stated == counted else (f"difference({counted - stated:+d})",)


def unlisted_passes_doubt(listed: int, stated: int | None) -> tuple[str, ...]:
    """A doubt where the tool counted passes that it does not list: they are no items of a population."""
    return (f"passes_not_itemised({stated - listed})",) if stated is not None and stated > listed else ()
