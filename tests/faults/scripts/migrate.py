"""Makes the tables."""

import django

django.setup()

from django.core.management import call_command

call_command("migrate", verbosity=0)
