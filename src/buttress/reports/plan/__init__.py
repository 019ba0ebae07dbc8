"""What an apply would change, as a person reads it before saying yes."""
