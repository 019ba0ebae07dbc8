"""Whether what an organisation recorded is what the database still holds: trail, facts, versions, records, guards."""

from buttress.orgs.verification.checkpoint import Checkpoint, checkpoint
from buttress.orgs.verification.organisation import verify, verify_organisation
from buttress.orgs.verification.problems import Problem, Verification

__all__ = ["Checkpoint", "Problem", "Verification", "checkpoint", "verify", "verify_organisation"]
