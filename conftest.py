"""Settings of all tests: on a build machine properties are tried on the same examples each time, elsewhere on new ones."""

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("repeatable")
