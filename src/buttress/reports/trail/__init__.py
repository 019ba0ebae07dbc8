"""The audit trail in people's words: who did what to which record, and why."""
