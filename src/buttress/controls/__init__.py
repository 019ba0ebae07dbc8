"""Controls that reduce risks, and the starter library of them."""
