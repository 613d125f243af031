"""Rules over several tables, a subject a file."""
