"""One of several writers: raises the number in the person `shared` `count` times, and adds `count` persons of its own.

Prints "conflicts" with how often another writer came first.
"""

import sys

import django

django.setup()

from buttress.orgs.errors import ConflictError
from buttress.orgs.records import PersonRecord
from buttress.orgs.selectors import actor_of, persons
from buttress.orgs.services import add_person, change_person

name, count = sys.argv[1], int(sys.argv[2])
ruth = actor_of("harbourline", "ruth")
conflicts = 0
for turn in range(count):
    add_person(ruth, ref=f"p-{name}-{turn}", person=PersonRecord(name=f"Person {turn} of {name}"))
    while True:
        seen = persons(ruth)["shared"]
        number = int(seen.content.split('"title":"')[1].rstrip('"}')) + 1
        try:
            change_person(
                ruth, ref="shared", person=PersonRecord(name="Shared", title=str(number)), version=seen.version
            )
            break
        except ConflictError as conflict:
            assert conflict.stored.number > conflict.seen.number
            conflicts += 1
print("conflicts", conflicts)
