"""Who: organisation, persons, members, roles, tenancy, the write path and the audit trail."""
