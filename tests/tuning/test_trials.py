import keras_tuner
import pytest
from keras_tuner.engine.trial import Trial

from nlgan_tf.tuning.trials import TrialRow, write_trials


def trial(status: str, message: str | None = None) -> Trial:
    hp = keras_tuner.HyperParameters()
    hp.Fixed("alpha", 5.0)
    hp.values["tuner/epochs"] = 2
    made = Trial(hp, "7", status)
    made.score, made.message = 0.5, message
    made.metrics.register("agreement", "max")
    made.metrics.update("agreement", 0.5, step=0)
    return made


def test_a_completed_trial_as_a_row():
    assert TrialRow.of(trial("COMPLETED")) == TrialRow("7", {"alpha": 5.0}, 0.5, {"agreement": 0.5}, None, None)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Traceback (most recent call last):\n  File x\nValueError: no such thing\n", "ValueError: no such thing"),
        ("Traceback:\nkeras_tuner.src.errors.FailedTrialError: loss not finite\n", "loss not finite"),
        ("Traceback:\nKeyError: 1\n\nDuring handling\nOSError: disk full\n", "OSError: disk full"),
        (None, "the objective is not a number"),
        ("killed", "killed"),
    ],
)
def test_a_failed_trial_has_its_reason_in_one_line(message, reason):
    row = TrialRow.of(trial("FAILED", message))
    assert (row.score, row.reason) == (None, reason)


def test_trials_as_a_table(tmp_path):
    rows = [TrialRow.of(trial("COMPLETED")), TrialRow.of(trial("FAILED", "ValueError: a, b"))]
    write_trials(tmp_path / "trials.csv", rows)
    assert (tmp_path / "trials.csv").read_text().splitlines() == [
        "trial,alpha,agreement,score,seconds,failed",
        "7,5.0,0.5,0.5,,",
        '7,5.0,0.5,,,"ValueError: a, b"',
    ]
