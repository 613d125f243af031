"""A plan to its folder and back, all or nothing."""
