"""What was asked for and not granted waits for nobody any more, wherever the register is read."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from django.utils import timezone

from buttress.cli.standing import standing
from buttress.orgs.moments import Moment
from buttress.orgs.tests.organisations import harbourline
from buttress.orgs.writing import Actor
from buttress.register.decisions import acceptance_asked, refuse_acceptance
from buttress.register.figures.checking import check_figures
from buttress.register.selectors import snapshots
from buttress.register.tests.figured import build_register
from buttress.risks.records.risk import AcceptanceFact
from buttress.risks.services.acceptance import Named, request_acceptance, withdraw_acceptance

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]
TODAY = timezone.now().date()
REF = "R-1"


@pytest.fixture
def actors() -> Mapping[str, Actor]:
    found = harbourline()
    build_register(found, risks=3)
    request = {
        "effective_on": TODAY.isoformat(),
        "accepted_by": "erin",
        "authority": "approver",
        "reason": "cheaper than any control",
        "until": (TODAY + timedelta(days=90)).isoformat(),
        "ceiling": {"annual_loss": "300000"},
    }
    request_acceptance(found["ruth"], ref=REF, acceptance=AcceptanceFact.model_validate(request))
    return found


def due(viewer: Actor) -> list[str]:
    stands = standing(lambda days: snapshots(viewer, [Moment(day) for day in days]), TODAY, None)
    return [row.text for row in stands.summary.due if row.what == REF]


def test_a_refused_request_waits_for_nobody(actors: Mapping[str, Actor]) -> None:
    assert any("awaits the confirmation of erin" in text for text in due(actors["vera"]))
    refuse_acceptance(actors["erin"], acceptance_asked(actors["erin"], ref=REF), reason="Too much")
    assert not any("acceptance" in text for text in due(actors["vera"]))
    assert check_figures(actors["ruth"]) == ()


def test_a_withdrawn_request_waits_for_nobody(actors: Mapping[str, Actor]) -> None:
    withdraw_acceptance(actors["ruth"], named=Named(REF, TODAY), reason="Mended instead")
    assert not any("acceptance" in text for text in due(actors["vera"]))
