"""Prints the number in the person `shared`, how many persons there are, and what verification finds."""

import django

django.setup()

from buttress.orgs.selectors import actor_of, persons

ruth = actor_of("harbourline", "ruth")
found = persons(ruth)
print(found["shared"].content, len(found))
