"""The only rooms that touch files: reading, checking, writing."""
