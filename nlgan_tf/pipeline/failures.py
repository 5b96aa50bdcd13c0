"""What can end a run from outside, a full disk and a lost machine, in the words of its user."""

from __future__ import annotations

import contextlib
import errno
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from nlgan_tf.files import WriteFailed, write_errors
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.training.distribution import Processes


def check_space(run_dir: Path, models: list[NLGAN], config: RunConfig) -> None:
    """Refuses before training what would fail in it or after it."""
    # Float32 weights with Adam's two slots in each checkpoint, kept and being written, and in nlgan.keras, for each
    # fold and for the refinement; once more in saved_models/; raw images. The classifier is no larger than D.
    model = models[0]
    trained = len(models) + (config.stage_one.refine_epochs != 0)
    copies = 3 * (config.keep_checkpoints + 2) * trained + 1
    images = config.stage_two.num_images * int(np.prod(model.discriminator.input_shape[1:]))
    needed = 4 * (copies * model.count_params() + 4 * model.discriminator.count_params()) + images
    free = shutil.disk_usage(run_dir).free
    if free < needed:
        raise WriteFailed(
            errno.ENOSPC,
            f"{run_dir.parent} has {free / 1e6:.0f} MB free, and this run needs up to {needed / 1e6:.0f} MB",
        )


@contextlib.contextmanager
def python_errors(run_dir: Path, processes: Processes) -> Iterator[None]:
    """A full disk and a lost machine, which TensorFlow and HDF5 report as errors of their own, as OSError."""
    remedy = f"make room and continue by: nlgan-tf run --resume {shlex.quote(str(run_dir))}"
    try:
        with write_errors(run_dir, remedy):
            yield
    except tf.errors.OpError as error:
        lost = tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError, tf.errors.CancelledError
        if processes.several and isinstance(error, lost):
            raise ConnectionError("another machine was lost: start all of them again with --resume") from error
        raise
