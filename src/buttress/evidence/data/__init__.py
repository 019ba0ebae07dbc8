"""Data sets: from files with receipts to typed, dated snapshots."""
