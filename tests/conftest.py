"""One setting for the whole suite: in CI the property tests draw the same examples each time, elsewhere new ones."""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True, print_blob=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
