"""Which of the two stacks is installed: told by Keras's folder, without importing Keras."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def _has_keras_2() -> bool:
    """Whether Keras is there without `keras.ops`, which came with Keras 3; its metadata would take longer to read."""
    keras = find_spec("keras")
    # Without Keras: the import of TensorFlow will say so.
    return keras is not None and not any(Path(folder, "ops").is_dir() for folder in keras.submodule_search_locations)


# Keras 2: TF 2.15, with tensorflow-addons for its spectral normalisation.
LEGACY = _has_keras_2()
STACK = "legacy" if LEGACY else "current"
# The implementations of spectral normalisation that work, the default first: Keras's own fails in TF 2.15's graphs.
SPECTRAL_NORMS = ("addons", "exact") if LEGACY else ("exact", "keras")
DEFAULT_SPECTRAL_NORM = SPECTRAL_NORMS[0]
