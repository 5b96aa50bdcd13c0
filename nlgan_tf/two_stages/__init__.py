"""Both stages in memory: images and noisy labels in; trained models, posteriors and the drawn set out."""

from __future__ import annotations

from nlgan_tf.two_stages.both import TwoStages, train_two_stages
from nlgan_tf.two_stages.label_scores import score_labels
from nlgan_tf.two_stages.stage_one import stage_one_batches, train_stage_one
from nlgan_tf.two_stages.stage_two import train_stage_two

__all__ = ["TwoStages", "score_labels", "stage_one_batches", "train_stage_one", "train_stage_two", "train_two_stages"]
