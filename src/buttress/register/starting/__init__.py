"""A first register: what is asked, and what is made of the answers."""
