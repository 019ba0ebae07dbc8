"""What a folder would change in the database, as frozen values that a person can read."""
