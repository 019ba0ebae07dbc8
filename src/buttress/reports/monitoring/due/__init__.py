"""What is due, for whom, by when: terminal, JSON, CSV."""
