"""Control tests as SQL: the portable subset, the guard, and the statements of a test."""
