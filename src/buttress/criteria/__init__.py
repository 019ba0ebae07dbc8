"""What a register is judged against: the Trust Services Criteria, their points of focus and description criteria."""
