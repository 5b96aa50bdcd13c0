"""Figures: functions that return one, and the one way to save it."""
