"""Show: pure views of a posture, one folder a report and one renderer a format."""
