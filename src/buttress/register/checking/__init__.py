"""What a register folder gets wrong, and what in it an auditor would ask about."""
