"""The coverage calendar and the freshness of sources: terminal, JSON, CSV."""
