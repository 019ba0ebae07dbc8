"""What the database itself refuses, whoever asks: links across organisations, and changes to what was recorded once.

The guards are generated from the models, in one way for SQLite and in another for PostgreSQL.
"""

from buttress.orgs.guards.installing import create_guards, drop_guards, missing_guards

__all__ = ["create_guards", "drop_guards", "missing_guards"]
