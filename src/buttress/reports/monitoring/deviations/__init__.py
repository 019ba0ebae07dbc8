"""Deviations with their ages and ends: terminal, JSON, CSV."""
