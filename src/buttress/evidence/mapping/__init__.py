"""From somebody's own export to the declaration of a data set: a proposal that says what it knows and what it guessed."""
