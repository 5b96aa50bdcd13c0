"""What the command line tells from bad input: a training that was accepted, and failed."""

from __future__ import annotations


class TrainingFailed(ArithmeticError):
    """Training diverged, or no trial of a search was completed."""
