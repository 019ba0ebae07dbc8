"""Wires the database work: environment variables to Django settings, and what is logged; nobody imports it."""
