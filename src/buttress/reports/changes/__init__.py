"""Changes that may alter risks, and the risks that they may concern: terminal, JSON."""
