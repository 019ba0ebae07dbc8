"""The runs of a control in a period: terminal, JSON, CSV."""
