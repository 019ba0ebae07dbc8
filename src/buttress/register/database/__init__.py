"""The register as it stands in the database at a moment: the same value that reading its folder gives."""
