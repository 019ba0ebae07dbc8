"""The locked process that runs SQL, and what goes in and comes out of it."""
