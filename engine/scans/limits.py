"""How much of a foreign file is looked at: bounds on size, pages, pixels, time and memory."""

from __future__ import annotations

from typing import Final

LOOKED_INTO: Final = frozenset({"pdf", "jpg", "png", "tiff", "heic"})
"""The kinds of file that can be a scan."""

LARGEST_FILE: Final = 20 * 1024 * 1024
# A4 at 600 dots an inch is 35 million pixels, a phone's largest picture 108; three bytes a pixel are decoded.
MOST_PIXELS: Final = 120_000_000
# An act with all its appendices has tens; who sends hundreds sends something else.
MOST_PAGES: Final = 100
MOST_NUMBERS: Final = 200
MOST_TEXT: Final = 200_000
MEMORY: Final = 1536 * 1024 * 1024
COMPUTING: Final = 45
WAIT: Final = 180.0
