"""Risk management for SOC 2: from a register and its evidence to a posture that can be explained."""

__version__ = "0.1.0"
