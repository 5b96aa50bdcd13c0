"""TensorBoard's event files of a training that may be cut off and continued."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from nlgan_tf.compat.keras import keras

# Epochs of a training whose pictures and histograms are written, at most.
MOST_PICTURES = 20
BINS = 50


@dataclass(frozen=True)
class Shown:
    """What is shown of a network beside its logs.

    Attributes:
        images: Images by name, uint8, shape (h, w, 3).
        histograms: Values in [0, 1] by name, of any shape.
    """

    images: dict[str, np.ndarray] = field(default_factory=dict)
    histograms: dict[str, np.ndarray] = field(default_factory=dict)


class EventFiles(keras.callbacks.Callback):
    """Writes the logs of each epoch, and of some epochs pictures and histograms, for TensorBoard.

    Differs from Keras's TensorBoard callback: a training that goes on from a checkpoint replaces what it wrote of the
    epochs after the checkpoint, so that each epoch has one value. Steps are epochs from 0 on, as in history.csv.

    Args:
        folder: Folder of the event files; a new file is written for each `fit`.
        epochs: Epochs in all.
        show: Function that returns pictures and histograms, called after at most 20 epochs and after the last one.
    """

    def __init__(self, folder: Path, epochs: int, show: Callable[[], Shown] = Shown) -> None:
        super().__init__()
        self.folder, self.epochs, self.show = folder, epochs, show
        self._every = math.ceil(epochs / MOST_PICTURES)
        self._writer = None

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if self._writer is None:
            # Not at import: a training without event files needs no TensorBoard.
            from tensorboard.compat.proto.event_pb2 import SessionLog
            from tensorboard.summary.writer.event_file_writer import EventFileWriter

            self._writer = EventFileWriter(str(self.folder))
            # Readers drop what earlier files hold from this epoch on.
            self._add(epoch, session_log=SessionLog(status=SessionLog.START))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=name, simple_value=float(value)) for name, value in (logs or {}).items()]
        if (epoch + 1) % self._every == 0 or epoch + 1 == self.epochs:
            shown = self.show()
            values += [Summary.Value(tag=name, image=_image(image)) for name, image in shown.images.items()]
            values += [Summary.Value(tag=name, histo=_histogram(them)) for name, them in shown.histograms.items()]
        self._add(epoch, summary=Summary(value=values))

    def on_train_end(self, logs: dict | None = None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the file; the next epoch begins another one."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None

    def _add(self, epoch: int, **content) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._writer.add_event(Event(wall_time=time.time(), step=epoch, **content))
        self._writer.flush()


def _image(image: np.ndarray):
    from tensorboard.compat.proto.summary_pb2 import Summary

    encoded = io.BytesIO()
    Image.fromarray(image).save(encoded, "PNG")
    height, width, channels = image.shape
    return Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=encoded.getvalue())


def _histogram(values: np.ndarray):
    from tensorboard.compat.proto.histogram_pb2 import HistogramProto

    values = np.asarray(values, float)
    counts, edges = np.histogram(values, BINS, (0.0, 1.0))
    moments = {"num": values.size, "sum": values.sum(), "sum_squares": np.square(values).sum()}
    return HistogramProto(min=values.min(), max=values.max(), bucket_limit=edges[1:], bucket=counts, **moments)
