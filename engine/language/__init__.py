"""Text to checked rules. Pure: no clock, files, sockets, logging."""
