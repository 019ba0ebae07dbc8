"""What the control tests say: every one with its verdict, counts and reason."""
