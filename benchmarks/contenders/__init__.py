"""Contenders that our training step is timed against."""
