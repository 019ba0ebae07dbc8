"""The whole verification of one organisation."""

import uuid

from django.db import connection

from buttress.orgs.errors import InvalidError, NotFoundError
from buttress.orgs.guards import missing_guards
from buttress.orgs.models import Organisation
from buttress.orgs.reads import reads
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import current_organisation, tenant
from buttress.orgs.verification.chain import check_chain
from buttress.orgs.verification.checkpoint import Checkpoint
from buttress.orgs.verification.columns_of_records import check_links_of_facts, check_records
from buttress.orgs.verification.problems import Findings, Verification
from buttress.orgs.verification.sealed_rows import SealedRows
from buttress.orgs.verification.steady_reading import steady_reading


def verify_organisation(organisation_id: uuid.UUID, *, checkpoint: Checkpoint | None = None) -> Verification:
    """Everything recorded by an organisation against what its database holds; streamed, and no writer waits for it.

    With a `checkpoint` kept elsewhere, a trail is found whose end was cut together with the count of it. Raises
    `NotFoundError` without such an organisation, `InvalidError` where the checkpoint is of another one.
    """
    with tenant(organisation_id), steady_reading():
        organisation = Organisation.objects.filter(id=organisation_id).first()
        if organisation is None:
            raise NotFoundError("organisation", str(organisation_id))
        if checkpoint is not None and checkpoint.organisation != organisation.ref:
            raise InvalidError(f"The checkpoint is one of {checkpoint.organisation}; give one of {organisation.ref}")
        findings = Findings()
        sealed = SealedRows(findings)
        check_chain(findings, sealed, checkpoint)
        sealed.finish()
        check_records(findings)
        check_links_of_facts(findings)
        for line in missing_guards(connection):
            findings.report("database", f"it does not refuse what it must: {line}", "the guard; run: buttress setup")
        return findings.result(organisation.ref)


@reads(Operation.AUDIT_VERIFY)
def verify(*, checkpoint: Checkpoint | None = None) -> Verification:
    """As `verify_organisation`, of the viewer's own organisation, where their role may."""
    return verify_organisation(current_organisation(), checkpoint=checkpoint)
