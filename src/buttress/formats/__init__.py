"""Strict readers of what people and tools hand over: YAML, JSON and CSV, with every problem named by file and line."""
