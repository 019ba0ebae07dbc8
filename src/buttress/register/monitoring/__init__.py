"""Monitoring as a running service: jobs with progress, slots of each test, and what the queue calls."""
