"""Schedules of kills and faults, each judged against the same office work without them."""
