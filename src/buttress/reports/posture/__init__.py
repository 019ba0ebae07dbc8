"""The whole posture as one JSON document."""
