"""Outputs of other tools, read into one normalised finding; one module a format."""
