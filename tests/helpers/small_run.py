"""The small run of tests/pipeline: recipe `paper` on 40 digits, in this process."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import nlgan_tf as nl
from nlgan_tf.config import StageTwoConfig
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.recipes import RECIPES

SMALL_ONE = dataclasses.replace(RECIPES["paper"].stage_one, epochs=2, samples_per_epoch=256, width=0.1, decay_share=0.0)
SMALL_TWO = StageTwoConfig(num_images=64, epochs=2, samples_per_epoch=256, width=0.1)
# Neither comparisons nor exports.
ALONE = {"compare": False, "export": False}


def small_config(run_dir, **changes) -> RunConfig:
    return RunConfig(**{"size": 40, "run_dir": str(run_dir), "stage_one": SMALL_ONE, "stage_two": SMALL_TWO, **changes})


def finished_run(made_once) -> nl.RunResult:
    """A run that ended, made once for all files and workers."""

    def make(folder: Path) -> None:
        result = nl.run(small_config(folder / "run"), verbose=0)
        (folder / "result.json").write_text(json.dumps(result.metrics))

    folder = made_once("finished", make)
    return nl.RunResult(folder / "run", json.loads((folder / "result.json").read_text()))
