"""Files to a checked case, with all findings."""
