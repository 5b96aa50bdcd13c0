import io
import os
import pty

import pytest

from helpers.forked import output_of
from nlgan_tf.compat.keras import keras
from nlgan_tf.training.progress import EpochLines

LOGS = {"loss": 8.5, "d_loss": 7.0, "gap_p": 0.31, "gap_n": -0.2, "accuracy": 0.5}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def train(stream: io.StringIO, epochs: int = 2, steps: int = 3) -> str:
    lines = EpochLines(epochs, steps, stream)
    for epoch in range(epochs):
        lines.on_epoch_begin(epoch)
        for batch in range(steps):
            lines.on_train_batch_end(batch, LOGS)
        lines.on_epoch_end(epoch, LOGS)
    return stream.getvalue()


def test_a_pipe_gets_one_line_an_epoch_without_control_codes():
    lines = train(io.StringIO()).splitlines()
    assert [line.split()[:2] for line in lines] == [["Epoch", "1/2"], ["Epoch", "2/2"]]
    assert lines[1] == "Epoch 2/2  0:00 left  loss 8.500  gap_p 0.310  gap_n -0.200"


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_a_terminal_is_never_wider_than_its_columns(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = train(Terminal())
    assert shown.count("\n") == 2
    assert "\x1b" not in shown
    assert max(len(part.rstrip("\n")) for part in shown.split("\r")) < columns


def test_the_time_left_is_that_of_the_steps_that_are_left(monkeypatch):
    clock = iter(range(0, 10_000, 60))
    monkeypatch.setattr("nlgan_tf.training.progress.time.monotonic", lambda: next(clock))
    lines = EpochLines(2, 1, io.StringIO())  # The clock shows 0.
    lines.on_epoch_begin(0)
    lines.on_train_batch_end(0, LOGS)  # It shows 60.
    lines.on_epoch_end(0, LOGS)  # It shows 120: one step took two minutes, and one is left.
    assert "2:00 left" in lines.stream.getvalue()


FIT = """
import numpy as np
from nlgan_tf.compat.keras import keras
from nlgan_tf.training.progress import EpochLines

model = keras.Sequential([keras.layers.Dense(1)])
model.compile("sgd", "mse")
data = np.zeros((10, 2)), np.zeros(10)
model.fit(*data, batch_size=2, epochs=2, verbose=0, callbacks=[EpochLines(2, 5, stream)])
"""


def test_what_a_file_shows_of_a_fit(tmp_path):
    shown = output_of(f"stream = None{FIT}", log=tmp_path / "log")
    assert len(shown.splitlines()) == 2
    assert not set(shown) & {"\x1b", "\b", "\r"}


def test_what_a_real_terminal_shows_of_a_fit():
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        exec(FIT, {"stream": stream})
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # Linux: the other side is closed.
        pass
    os.close(ours)
    assert shown.count(b"\n") == 2
    assert b"Epoch 2/2" in shown


def test_it_is_a_callback_of_keras():
    assert isinstance(EpochLines(1, 1), keras.callbacks.Callback)
