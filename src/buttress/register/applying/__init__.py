"""A register folder into the database: planned first, then in one write or not at all."""
