"""Making a plan happen, durably."""
