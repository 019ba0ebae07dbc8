"""Writes about control tests that run over data sets: adopted ones and own ones."""

from buttress.evidence.control_owners import find_test
from buttress.evidence.data.datasets import DatasetDeclaration, dataset_schemas, resolve
from buttress.evidence.data.tables import Schema
from buttress.evidence.declarations import catalogue, shipped_test
from buttress.evidence.declared_terms import Adoption
from buttress.evidence.kinds import CONTROL_TESTS, DATASETS, OWN_TESTS
from buttress.evidence.models.exceptions import ExceptionRequest
from buttress.evidence.records import OwnTestRecord
from buttress.formats.problems import ProblemsError, nearest
from buttress.orgs import recording
from buttress.orgs.errors import InvalidError
from buttress.orgs.reading import records_of
from buttress.orgs.reads import permits
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor, Write, Written, writes


@writes(Operation.TEST_CHANGE)
def adopt_test(write: Write, *, ref: str, adoption: Adoption | None = None) -> Written:
    """The shipped control test `ref` as the organisation runs it; raises `InvalidError` for what it does not allow."""
    refuse_second(write, ref)
    adopted = adoption or Adoption()
    _check_adoption(write, ref, adopted)
    return recording.add(write, CONTROL_TESTS, ref, adopted)


@writes(Operation.TEST_CHANGE)
def change_adoption(write: Write, *, ref: str, adoption: Adoption, version: int) -> Written:
    _check_adoption(write, ref, adoption)
    return recording.change(write, CONTROL_TESTS, ref, adoption, version)


@writes(Operation.TEST_CHANGE)
def drop_test(write: Write, *, ref: str, version: int) -> Written:
    """The test is not run any more; its results stay. Raises `InvalidError` while an exception names it."""
    refuse_named(write, ref)
    return recording.remove(write, CONTROL_TESTS, ref, version)


@permits(Operation.TEST_CHANGE)
def declare_own_test(actor: Actor, /, *, ref: str, test: OwnTestRecord) -> Written:
    """A control test of one's own, parsed, linted and tried on its examples first; raises `ProblemsError`."""
    _try(actor, ref, test)
    return _declare_own_test(actor, ref=ref, test=test)


@permits(Operation.TEST_CHANGE)
def change_own_test(actor: Actor, /, *, ref: str, test: OwnTestRecord, version: int) -> Written:
    """As `declare_own_test`, of one that is there; a change of meaning needs a higher `version` in its source."""
    _try(actor, ref, test)
    return _change_own_test(actor, ref=ref, test=test, version=version)


@writes(Operation.TEST_CHANGE)
def _declare_own_test(write: Write, *, ref: str, test: OwnTestRecord) -> Written:
    if ref in catalogue():
        raise InvalidError(f"{ref} is the id of a shipped test; adopt that one, or give yours another id")
    refuse_second(write, ref)
    return recording.add(write, OWN_TESTS, ref, test)


@writes(Operation.TEST_CHANGE)
def _change_own_test(write: Write, *, ref: str, test: OwnTestRecord, version: int) -> Written:
    row = recording.stored(write, OWN_TESTS, ref)
    before = OwnTestRecord.model_validate_json(recording.latest_content(write, row.id))
    # First of all, so that who saw an older text is told of the newer one and not of its version.
    written = recording.change(write, OWN_TESTS, ref, test, version)
    refuse_same_version(ref, before, test)
    return written


def refuse_same_version(ref: str, before: OwnTestRecord, after: OwnTestRecord) -> None:
    """Raises `InvalidError` where another meaning has no higher version: results of both would read as of one test."""
    was, now = before.declaration(ref), after.declaration(ref)
    if now.version < was.version:
        raise InvalidError(f"{ref} has version {was.version}, the new source {now.version}; a version only rises")
    if now.version == was.version and now.declared_hash != was.declared_hash:
        raise InvalidError(f"What {ref} means was changed under version {now.version}; raise it to {now.version + 1}")


@writes(Operation.TEST_CHANGE)
def remove_own_test(write: Write, *, ref: str, version: int) -> Written:
    """The test is not run any more; its results stay. Raises `InvalidError` while an exception names it."""
    refuse_named(write, ref)
    return recording.remove(write, OWN_TESTS, ref, version)


def refuse_second(write: Write, ref: str) -> None:
    """A reference names one test, of whatever sort."""
    found = find_test(write, ref)
    if found is not None:
        raise InvalidError(f"{ref} is an {found.kind.noun} already; give this one another reference")


def refuse_named(write: Write, ref: str) -> None:
    write.flush()
    named = ExceptionRequest.objects.filter(test=ref, removed_in=None).order_by("ref").values_list("ref", flat=True)
    if named:
        raise InvalidError(f"{', '.join(named)} is an exception from {ref}; remove it first")


def _check_adoption(write: Write, ref: str, adoption: Adoption) -> None:
    if ref not in catalogue():
        advice = nearest(ref, catalogue()) or "Declare a test of your own as an own test."
        raise InvalidError(f"{ref!r} is no control test that is shipped. {advice}")
    shipped = shipped_test(ref)
    if not adoption.controls and not any(write.find("controls", control) for control in shipped.controls):
        raise InvalidError(
            f"{ref} tests {', '.join(shipped.controls)}, none of which is defined; name your own under controls"
        )
    try:
        shipped.with_overrides(adoption)
    except ProblemsError as error:
        raise InvalidError(str(error)) from None


def _try(actor: Actor, ref: str, test: OwnTestRecord) -> None:
    """Before the write begins: it takes a parser, and a child process for the examples."""
    from buttress.evidence.examples import check_examples, is_untried  # noqa: PLC0415 - brings the SQL parser

    declaration = test.declaration(ref)
    with tenant(actor.organisation_id):
        schemas = _schemas()
    problems = [each for each in check_examples(declaration, schemas) if not is_untried(each)]
    if problems:
        raise ProblemsError(problems)


def _schemas() -> dict[str, Schema]:
    """The schemas of the data sets as they are declared, beside those that are shipped."""
    found = dict(dataset_schemas())
    for ref, stored in records_of(DATASETS).items():
        dataset = stored.to_record(DATASETS)
        assert isinstance(dataset, DatasetDeclaration)
        found[ref] = resolve(dataset).schema
    return found
