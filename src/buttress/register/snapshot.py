"""From the records of a register to the snapshot as of a day, from which every figure is computed."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from buttress import __version__
from buttress.core.money import RateTable
from buttress.core.snapshot import DatasetState, RegisterSnapshot
from buttress.core.verdicts import ApprovedException, ControlTest, TestResult
from buttress.criteria.catalogue import criteria
from buttress.evidence.data.shelf import Shelf, dataset_states
from buttress.formats.problems import Problem, ProblemsError, shown
from buttress.register.declared import declarations_of, manual_results_of, manual_tests_of, stored_results_of
from buttress.register.files.consistency import currencies_in_use
from buttress.register.files.reader import read_register
from buttress.register.files.register import Register
from buttress.register.values.controls import controls_of
from buttress.register.values.decisions import UNDECIDED, Decisions
from buttress.register.values.inventory import (
    assets_of,
    changes_of,
    incidents_of,
    objectives_of,
    persons_of,
    rounds_of,
    vendors_of,
)
from buttress.register.values.organisation import appetite_of, engagement_of, organisation_of, rates_of, scales_of
from buttress.register.values.risks import Reading, risks_of


def build_snapshot(
    register: Register,
    as_of: date,
    engagement: str | None = None,
    *,
    tests: Sequence[ControlTest] = (),
    results: Sequence[TestResult] = (),
    datasets: Sequence[DatasetState] = (),
    decisions: Decisions = UNDECIDED,
) -> RegisterSnapshot:
    """The register as of the end of `as_of`: facts effective by then, records as they stand in it.

    Results of runs after `as_of` are left out. Raises `ProblemsError` where `engagement` names none, or where a
    currency in use has no rate on that day.
    """
    organisation = register.organisation
    scales = scales_of(organisation, as_of)
    rates = rates_of(organisation, as_of)
    if problems := list(_without_rate(register, rates, as_of)):
        raise ProblemsError(problems)
    return RegisterSnapshot(
        as_of=as_of,
        organisation=organisation_of(organisation),
        scales=scales,
        appetite=appetite_of(organisation, as_of),
        engagement=engagement_of(register, as_of, engagement),
        rates=rates,
        criteria=criteria(),
        risks=risks_of(register, Reading(scales, rates), as_of, decisions),
        controls=controls_of(register, as_of),
        tests=tuple(tests),
        results=tuple(sorted((r for r in results if r.as_of <= as_of), key=lambda r: (r.effective_at, r.as_of))),
        exceptions=exceptions_of(register) if decisions.exceptions is None else decisions.exceptions,
        persons=persons_of(register),
        objectives=objectives_of(register),
        assets=assets_of(register),
        vendors=vendors_of(register),
        changes=changes_of(register, as_of),
        incidents=incidents_of(register, as_of),
        rounds=rounds_of(register, as_of),
        datasets=tuple(datasets),
        core_version=__version__,
    )


def load_snapshot(folder: Path, as_of: date, engagement: str | None = None) -> RegisterSnapshot:
    """The snapshot of a register folder as of the end of `as_of`; as `load_snapshots` of one day."""
    (snapshot,) = load_snapshots(folder, (as_of,), engagement)
    return snapshot


def load_snapshots(folder: Path, days: Sequence[date], engagement: str | None = None) -> tuple[RegisterSnapshot, ...]:
    """Snapshots of a register folder as of the end of each of `days`, in their order; the folder is read once.

    Raises `ProblemsError` with everything that is wrong in records, declarations or stored results.
    """
    return snapshots_on(read_register(folder), days, engagement)


def snapshots_on(
    register: Register, days: Sequence[date], engagement: str | None = None
) -> tuple[RegisterSnapshot, ...]:
    """As `load_snapshots`, of a register that was read before; results are those stored by now."""
    declarations = declarations_of(register)
    tests = (*(each.to_control_test() for each in declarations), *manual_tests_of(register))
    results = (*stored_results_of(register), *manual_results_of(register))
    shelf = Shelf(register.folder, register.datasets, ZoneInfo(register.organisation.time_zone))
    return tuple(
        build_snapshot(
            register,
            day,
            engagement,
            tests=tests,
            results=results,
            datasets=dataset_states(shelf, day, declarations),
        )
        for day in days
    )


def exceptions_of(register: Register) -> tuple[ApprovedException, ...]:
    """Exceptions of the folder; one without a document that attests its approval stays pending."""
    return tuple(
        ApprovedException(
            ref,
            record.test,
            frozenset(record.keys),
            record.reason,
            record.starts_on,
            record.expires_on,
            record.requested_by,
            record.approved_by if record.attested_document is not None else None,
            record.risk,
            record.revoked_on,
        )
        for ref, record in register.exceptions.items()
    )


def _without_rate(register: Register, rates: RateTable, as_of: date) -> Iterator[Problem]:
    for kind, ref, path, currency in currencies_in_use(register, as_of):
        if currency != rates.reporting and currency not in rates.rates:
            expected = f"a currency with a rate into {rates.reporting} effective by {as_of}"
            advice = f"Add it under organisation, rates, with an effective_on of {as_of} or before."
            yield register.place(kind, ref).problem(path, shown(currency), expected, advice)
