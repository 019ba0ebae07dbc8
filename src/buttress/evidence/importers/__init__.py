"""Files from outside as rows or as findings, one module a format: see `registry`."""
