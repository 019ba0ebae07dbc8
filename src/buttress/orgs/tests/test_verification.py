"""Verification of what is whole: everything the product writes verifies; checkpoints; permission; streaming; erasure."""

import hashlib
import json
import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from buttress.orgs import recording
from buttress.orgs.audit import Entry, _leaf, erased, payload_digest
from buttress.orgs.entries import EntryDraft
from buttress.orgs.errors import ForbiddenError, InvalidError, NotFoundError
from buttress.orgs.guards.rules import tenant_models
from buttress.orgs.kinds_of_orgs import PERSONS
from buttress.orgs.models import AuditPayload, Head, RecordVersion
from buttress.orgs.recording import Standing
from buttress.orgs.records import PersonRecord, RatesFact
from buttress.orgs.roles import Operation
from buttress.orgs.seals import seal_of
from buttress.orgs.services import add_person, change_person, state_rates
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import harbourline, saltmarsh
from buttress.orgs.tests.raw_sql import Rows, any_content, sql
from buttress.orgs.verification import Checkpoint, checkpoint, verify, verify_organisation
from buttress.orgs.verification.problems import Findings
from buttress.orgs.verification.sealed_rows import SealedRows
from buttress.orgs.verification.sealed_text import sealed_text, stored_rows
from buttress.orgs.verification.steady_reading import steady_reading
from buttress.orgs.writing import write

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]


def test_what_the_product_writes_verifies_and_is_counted():
    ada = harbourline()["ada"]
    saltmarsh()
    add_person(ada.because("joined"), ref="finn", person=PersonRecord(name="Finn"))
    change_person(ada, ref="finn", person=PersonRecord(name="Finn Ito", left_on=date(2026, 1, 1)), version=1)
    rates = RatesFact(effective_on=date(2026, 1, 1), per_unit={"USD": Decimal("0.90")})
    state_rates(ada, rates=rates)
    better = rates.model_copy(update={"per_unit": {"USD": Decimal("0.91")}})
    state_rates(ada, rates=better, standing=Standing(is_correction=True))
    found = verify_organisation(ada.organisation_id)
    assert (found.problems, found.ok, found.first_bad_entry) == ((), True, None)
    with tenant(ada.organisation_id):
        entries = Head.objects.get().entries
    assert found.counts == {
        **{"entries": entries, "payloads": entries},
        **{"orgs.recordversion": 15, "orgs.exchangerates": 2},
        **{"organisation": 1, "persons": 7, "members": 6},
    }


def test_records_that_were_renamed_or_removed_verify():
    ada = harbourline()["ada"]
    add_person(ada, ref="finn", person=PersonRecord(name="Finn"))
    add_person(ada, ref="gina", person=PersonRecord(name="Gina"))
    with write(ada, Operation.PERSON_CHANGE) as opened:
        recording.rename(opened, PERSONS, "finn", "finn-ito", 1)
        recording.remove(opened, PERSONS, "gina", 1)
    assert verify_organisation(ada.organisation_id).problems == ()


def test_who_reads_the_trail_may_verify_it_and_nobody_else():
    actors = harbourline()
    assert verify(actors["paul"]).ok
    with pytest.raises(ForbiddenError):
        verify(actors["vera"])


def test_a_checkpoint_is_kept_as_text_and_holds_while_the_trail_grows():
    ada = harbourline()["ada"]
    kept = str(checkpoint("harbourline"))
    add_person(ada, ref="finn", person=PersonRecord(name="Finn"))
    assert verify_organisation(ada.organisation_id, checkpoint=Checkpoint.parse(kept)).ok
    assert checkpoint("harbourline").entries == Checkpoint.parse(kept).entries + 1


def test_a_checkpoint_of_another_organisation_or_of_nothing_is_refused():
    mallory = saltmarsh()["mallory"]
    harbourline()
    with pytest.raises(InvalidError, match="one of harbourline"):
        verify_organisation(mallory.organisation_id, checkpoint=checkpoint("harbourline"))
    with pytest.raises(InvalidError, match="is no checkpoint"):
        Checkpoint.parse("harbourline:12")
    with pytest.raises(NotFoundError):
        checkpoint("nowhere")


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
DAYS = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.timezones())


@given(TEXTS, TEXTS, DAYS, st.none() | st.uuids(), st.uuids())
def test_the_bytes_of_an_entry_are_canonical_json(action, kind, recorded_at, member, organisation):
    entry = Entry(organisation, 7, 3, recorded_at, member, action, kind, None, "ab" * 32)
    body = {
        **{"action": action, "change": 3, "member": None if member is None else str(member)},
        **{"organisation": str(organisation), "payload": "ab" * 32, "sequence": 7, "subject": None},
        "recorded_at": recorded_at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z",
        "subject_kind": kind,
    }
    assert entry.as_bytes == json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@given(TEXTS, TEXTS)
def test_a_text_is_committed_to_as_canonical_json(name, value):
    text = json.dumps([name, value], ensure_ascii=False, separators=(",", ":"))
    leaf = hashlib.sha256(bytes.fromhex("00" * 16) + text.encode())
    whole = hashlib.sha256(f"{name}:{leaf.hexdigest()}".encode())
    assert payload_digest({name: ["00" * 16, value]}) == whole.hexdigest()


def test_every_sealed_row_has_the_seal_that_it_was_given_once_it_is_read_again():
    rows = Rows("harbourline")
    differing = []
    with any_content():
        for model in (model for model in tenant_models() if model.SEALED):
            row = rows.of(model)
            with tenant(rows.organisation.id):
                if seal_of(model._default_manager.get(pk=row.pk)) != seal_of(row):
                    differing.append(model._meta.label)
    assert differing == []


@pytest.mark.parametrize("is_full", [True, False])
def test_verification_makes_the_same_seal_of_a_stored_row_in_its_own_way(is_full):
    """Of every sealed table, with a value in each column, and with none where there may be none."""
    differing = []
    with any_content():
        for number, model in enumerate(model for model in tenant_models() if model.SEALED):
            rows, others = Rows(f"ours-{number}"), Rows(f"theirs-{number}")
            empty = {} if is_full else {f.attname: None for f in model._meta.concrete_fields if f.null}
            row, foreign = rows.make(model, **empty), others.make(model)
            text = sealed_text(model)
            with tenant(rows.organisation.id):
                found = stored_rows(model, text, [str(row.pk), str(foreign.pk), str(row.pk).upper(), "none", ""])
            if {key: text.seal(values) for key, values in found.items()} != {str(row.pk): seal_of(row)}:
                differing.append(model._meta.label)
    assert differing == []


def test_a_value_that_its_column_cannot_have_gives_no_seal():
    text = sealed_text(RecordVersion)
    row = Rows("harbourline").make(RecordVersion)
    with tenant(row.organisation_id):
        (values,) = stored_rows(RecordVersion, text, [str(row.pk)]).values()
    for place, column in enumerate(text.columns):
        for odd in (b"x", 1.5, [], "\x00", None):
            assert text.seal((*values[:place], odd, *values[place + 1 :])) != seal_of(row), (column, odd)


def test_an_erased_value_leaves_the_trail_whole():
    ada = harbourline()["ada"]
    with tenant(ada.organisation_id):
        payload = AuditPayload.objects.order_by("entry__sequence").last()
        fields = erased(json.loads(payload.fields), frozenset({"after.role", "by"}))
        AuditPayload.objects.filter(pk=payload.pk).update(fields=json.dumps(fields))
    assert verify_organisation(ada.organisation_id).ok


def test_a_row_cannot_go_together_with_the_seal_that_tells_of_it():
    """Whoever owns the database can write the leaf of the seals in their place: the digest still fits."""
    ada = harbourline()["ada"]
    with tenant(ada.organisation_id):
        payload = AuditPayload.objects.order_by("entry__sequence").last()
        fields = json.loads(payload.fields)
        with pytest.raises(ValueError, match="rows cannot be erased"):
            erased(fields, frozenset({"rows"}))
        fields["rows"] = {"erased": _leaf("rows", fields["rows"])}
        assert payload_digest(fields) == payload_digest(json.loads(payload.fields))
        sequence = payload.entry.sequence
        AuditPayload.objects.filter(pk=payload.pk).update(fields=json.dumps(fields))
    verification = verify_organisation(ada.organisation_id)
    assert verification.first_bad_entry == sequence
    assert any("rows is erased" in str(problem) for problem in verification.problems)


def test_rows_are_asked_for_in_windows(django_assert_max_num_queries):
    """Seals are compared many at once: 1,100 of one table take three queries and the count."""
    ada = harbourline()["ada"]
    with tenant(ada.organisation_id), django_assert_max_num_queries(6):
        findings = Findings()
        sealed = SealedRows(findings)
        draft = EntryDraft("persons", None, "x")
        for place in range(1100):
            draft.seal("orgs.recordversion", f"{place:032x}", "00")
        sealed.expect(7, [(table, row, digest) for table, row, digest in draft.rows])
    assert findings.counts["orgs.recordversion"] == 1000
    assert (findings.found, len(findings.problems)) == (1000, 200)


@pytest.mark.django_db(transaction=True)
def test_a_steady_reading_sees_one_state_and_holds_nobody_back():
    ada = harbourline()["ada"]
    failed = []

    def write() -> None:
        try:
            add_person(ada, ref="finn", person=PersonRecord(name="Finn"))
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    with tenant(ada.organisation_id), steady_reading():
        before = Head.objects.get().entries
        other = threading.Thread(target=write)
        other.start()
        other.join()
        assert Head.objects.get().entries == before
    with tenant(ada.organisation_id):
        assert (failed, Head.objects.get().entries) == ([], before + 1)
    assert verify_organisation(ada.organisation_id).ok
    assert sql("UPDATE orgs_head SET revision = revision") == 1
