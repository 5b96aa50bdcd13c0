"""Small runs in processes of their own."""

import dataclasses
import subprocess
import time
from pathlib import Path

from helpers.forked import NLGAN_TF, Forked
from nlgan_tf.config import StageTwoConfig
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.recipes import RECIPES

# The plain path of recipe `paper`; tests/two_stages and tests/pipeline/test_phases.py have that of `modern`.
STAGE_ONE = dataclasses.replace(
    RECIPES["paper"].stage_one,
    epochs=4,
    samples_per_epoch=320,
    batch_size=64,
    width=0.1,
    translation=0.125,
    decay_share=0.0,
)
STAGE_TWO = StageTwoConfig(num_images=64, epochs=2, samples_per_epoch=320, batch_size=64, width=0.1)
CONFIG = RunConfig(size=40, checkpoint_seconds=0.0, stage_one=STAGE_ONE, stage_two=STAGE_TWO)


def start(*arguments: str, log: Path) -> Forked:
    """`nlgan-tf run ARGUMENTS`."""
    return Forked(NLGAN_TF, "run", *arguments, log=log)


def wait_for(condition, process: subprocess.Popen | Forked, seconds: float = 1800) -> None:
    """Until the condition holds or the process ends."""
    end = time.monotonic() + seconds
    while not condition() and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.005)
