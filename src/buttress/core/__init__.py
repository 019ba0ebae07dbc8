"""Pure functions of frozen values: no clock, files, settings, database or global random state."""
