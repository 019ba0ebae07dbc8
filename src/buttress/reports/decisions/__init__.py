"""What waits for a decision, and what is shown to who decides."""
