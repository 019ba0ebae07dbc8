"""Stored figures: what lists show without computing, refreshed with every write and rebuilt when much changes."""
