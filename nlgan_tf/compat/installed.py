"""Which of the two stacks is installed: told by Keras's version, without importing it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def _keras_version() -> str:
    try:
        return version("keras")
    except PackageNotFoundError:  # Without TensorFlow: its import will say so.
        return "3"


# Keras 2: TF 2.15, with tensorflow-addons for its spectral normalisation.
LEGACY = _keras_version().startswith("2.")
STACK = "legacy" if LEGACY else "current"
# The implementations of spectral normalisation that work, the default first: Keras's own fails in TF 2.15's graphs.
SPECTRAL_NORMS = ("addons", "exact") if LEGACY else ("exact", "keras")
DEFAULT_SPECTRAL_NORM = SPECTRAL_NORMS[0]
