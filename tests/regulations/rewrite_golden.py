"""Rewrites the printed plans beside the example events: `python -m tests.regulations.rewrite_golden [NAME…]`.

Run it after a wanted change of regulations, letters or printout, then read the difference as the office manager
would: the files are the manual of the regulation, not a by-product.
"""

from __future__ import annotations

import sys

from tests.regulations.golden import names, plan_file, simulate_example


def rewrite(wanted: list[str]) -> list[str]:
    """Write the plan of each wanted example (all where none is named); return the names that changed."""
    changed = []
    for name in wanted or names():
        file, text = plan_file(name), simulate_example(name).text
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, encoding="utf-8", newline="\n")
            changed.append(name)
    return changed


if __name__ == "__main__":
    print("\n".join(rewrite(sys.argv[1:])) or "no plan changed")
