"""Prove: data sets with receipts, control tests and their runs, results that can be verified."""
