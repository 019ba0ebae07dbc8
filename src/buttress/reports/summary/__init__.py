"""The summary that a person wants of a posture, in the order in which people ask."""
