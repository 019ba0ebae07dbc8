"""From records of a register folder to the frozen values that the core computes with."""
