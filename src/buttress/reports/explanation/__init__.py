"""Why figures moved between two days, printed so that every total can be added up by hand."""
