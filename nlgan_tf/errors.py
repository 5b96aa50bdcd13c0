"""The package's own errors: input that is refused, and training that failed."""

from __future__ import annotations


class InputError(ValueError):
    """Input that is not accepted; the message says in one line what was expected and what was got."""

    # An error raised in a graph keeps its type on TF 2.15 only with Exception's own constructor.
    __init__ = Exception.__init__


class MissingPackage(InputError, ImportError):
    """What is asked for needs a package that is not installed, or another version of TensorFlow."""


class TrainingFailed(ArithmeticError):
    """Training diverged, or no trial of a search was completed."""
