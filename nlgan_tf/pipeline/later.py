"""Settings of later versions, with what earlier versions did, so that runs of earlier versions go on."""

from __future__ import annotations

import dataclasses

from nlgan_tf.data.sources.folder.settings import Reading

# Of a stage: "stage_one.NAME". A run's identity leaves out settings that say the same as earlier versions did.
LATER = {
    "compare": True,
    "precision": "float32",
    "scale": None,
    "corrupt": None,
    **{item.name: item.default for item in dataclasses.fields(Reading)},
    "features": None,
    "tensorboard": False,
    "export": True,
    "stage_one.ema": 0.0,
    "stage_one.folds": 1,
    "stage_one.fold_epochs": 3,
    "stage_two.learns_from": "drawn",
    "stage_two.views": 1,
    "stage_two.witness": None,
    "stage_one.refine_epochs": 0,
    "stage_one.generator": "dcgan",
    "stage_one.critic": "auto",
    "stage_one.augment": None,
    "stage_one.augment_probability": 1.0,
    "stage_two.augment": None,
    "stage_two.augment_probability": 0.8,
    "stage_two.rounds": 1,
    "stage_two.schedule": "constant",
    "stage_two.beta_2": 0.999,
    "stage_two.weight_decay": 0.0,
    "stage_two.ema": 0.0,
    "stage_two.network": "paper",
    "stage_two.served": "classifier",
    "stage_two.min_confidence": None,
    "stage_two.keep_surest": 1.0,
    "stage_two.novelty": 0.0,
    "stage_two.temperature": 1.0,
}
