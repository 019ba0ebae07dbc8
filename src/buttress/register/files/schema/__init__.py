"""The organisation and the kinds of record that a register folder holds, as strict models."""
