"""What a register states about risks: scales, appetite, threats, rounds, incidents, and the risks with their facts."""
