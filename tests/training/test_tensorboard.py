import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from nlgan_tf.compat.keras import keras
from nlgan_tf.training.fit import fit
from nlgan_tf.training.survival import Survival
from nlgan_tf.training.tensorboard import Shown

EPOCHS = 4
IMAGE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
OUTPUTS = np.array([0.0, 0.01, 0.5, 1.0])


class Cut(Exception):
    """Stands for the end of a process between two steps."""


class Cutter(keras.callbacks.Callback):
    """Ends the training in an epoch, after the first of its steps."""

    def __init__(self, epoch: int | None) -> None:
        super().__init__()
        self.cut, self.state = epoch, {}

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.epoch == self.cut:
            raise Cut


def read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder), size_guidance={"images": 0, "histograms": 0}).Reload()


@pytest.fixture
def train(tmp_path):
    """Trains from what the folder holds; returns the rows of its history."""
    survival = Survival(tmp_path / "checkpoints", "tests", every=0, say=[].append, tensorboard=tmp_path / "events")

    def run(cut: int | None = None, every: float = 0) -> list[dict]:
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
        model.compile("sgd", "mse")
        data = tf.data.Dataset.from_tensors((np.ones((4, 1)), np.zeros(4))).repeat(2)
        shown = Shown({"picture": IMAGE}, {"outputs": OUTPUTS})
        its = dataclasses.replace(survival, every=every)
        return fit(model, lambda: data, EPOCHS, its, "some", Cutter(cut), show=lambda: shown)

    return run


def test_each_epoch_has_its_logs_pictures_and_histogram(train, tmp_path):
    rows = train()
    events = read(tmp_path / "events" / "some")
    assert [event.step for event in events.Scalars("loss")] == [0, 1, 2, 3]
    np.testing.assert_allclose([event.value for event in events.Scalars("loss")], [row["loss"] for row in rows])
    assert [event.step for event in events.Images("picture")] == [0, 1, 2, 3]
    picture = events.Images("picture")[0]
    np.testing.assert_array_equal(tf.io.decode_png(picture.encoded_image_string), IMAGE)
    assert (picture.height, picture.width) == (2, 3)
    histogram = events.Histograms("outputs")[-1].histogram_value
    assert (histogram.min, histogram.max, histogram.num, histogram.sum) == (0, 1, 4, 1.51)
    # 50 bins of .02: 0 and .01 in the first, .5 in that from .5 to .52, 1 in the last.
    counts = zip(histogram.bucket_limit, histogram.bucket, strict=True)
    assert {round(edge, 2): count for edge, count in counts if count} == {0.02: 2, 0.52: 1, 1.0: 1}


@pytest.mark.parametrize("every", [0, 1000], ids=["each epoch has a checkpoint", "the first epochs are repeated"])
def test_a_training_that_goes_on_has_each_epoch_once(train, tmp_path, every):
    with pytest.raises(Cut):
        train(cut=2, every=every)
    assert [event.step for event in read(tmp_path / "events" / "some").Scalars("loss")] == [0, 1]
    rows = train(every=every)
    losses = read(tmp_path / "events" / "some").Scalars("loss")
    assert [event.step for event in losses] == [0, 1, 2, 3]
    np.testing.assert_allclose([event.value for event in losses], [row["loss"] for row in rows])


def test_a_finished_training_writes_nothing_more(train, tmp_path):
    train()
    before = sorted((tmp_path / "events").rglob("*"))
    train()
    assert sorted((tmp_path / "events").rglob("*")) == before
