"""Event + facts + rules → plan. Pure."""
