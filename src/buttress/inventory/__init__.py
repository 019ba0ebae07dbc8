"""Identify: objectives, assets, vendors and changes."""
