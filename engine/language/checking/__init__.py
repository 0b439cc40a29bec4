"""What rules say about each other. Its door is `check.py`."""
