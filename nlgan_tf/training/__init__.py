"""A fit that survives and distributes."""
