"""The whole installation in one file, and an installation made anew of it."""
