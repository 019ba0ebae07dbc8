"""Every write about risks, one noun a module."""
