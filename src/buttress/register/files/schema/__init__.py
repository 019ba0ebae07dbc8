"""What each kind of record of a register folder holds, as strict models."""
