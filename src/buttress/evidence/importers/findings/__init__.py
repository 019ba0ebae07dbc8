"""Scanner reports, one module a format: its name is what a data set calls the format."""
