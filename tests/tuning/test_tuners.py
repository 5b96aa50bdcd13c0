import threading
import time

import keras_tuner
import pytest

from nlgan_tf.compat.keras import keras
from nlgan_tf.errors import InputError
from nlgan_tf.tuning.config import TUNERS
from nlgan_tf.tuning.tuners import deadline, make_tuner, role

VARIABLES = {
    "KERASTUNER_ORACLE_IP": "127.0.0.1",
    "KERASTUNER_ORACLE_PORT": "8000",
    "KERASTUNER_TUNER_ID": "chief",
}


class OfAlpha(keras_tuner.HyperModel):
    """Stands in for `NLGANHyperModel`: trials are scored by alpha; the second one fails."""

    objective = keras_tuner.Objective("agreement", "max")
    seed = 0
    trained = 0

    def build(self, hp):
        hp.Float("alpha", 1.0, 20.0)
        return keras.Sequential()

    def fit(self, hp, model, **kwargs):
        self.trained += 1
        if self.trained == 2:
            raise keras_tuner.errors.FailedTrialError("d_loss not finite after 2 epochs")
        return {"agreement": float(self.trained)}


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def make(folder, name="random", trials=3, say=lambda line: None, distributed=False):
    return make_tuner(name, OfAlpha(), folder / "search", trials, 4, say, distributed)


@pytest.mark.parametrize("name", TUNERS)
def test_every_name_is_a_tuner_of_keras_tuner_with_the_searchs_seed(tmp_path, name):
    tuner = make(tmp_path, name)
    assert isinstance(tuner, getattr(keras_tuner, TUNERS[name]))
    # keras-tuner draws a seed of its own in place of 0.
    assert (tuner.oracle.seed, tuner.oracle.max_trials) == (1, 3)
    assert tuner.project_dir == str(tmp_path / "search")


def test_without_a_limit_there_is_none(tmp_path):
    assert make(tmp_path, trials=None).oracle.max_trials >= 10**6
    assert make(tmp_path, "hyperband", trials=None).oracle.max_epochs == 4


def test_several_failures_in_a_row_end_a_search_of_one_process_alone(tmp_path):
    assert make(tmp_path / "1").oracle.max_consecutive_failed_trials == 3
    assert make(tmp_path / "2", distributed=True).oracle.max_consecutive_failed_trials >= 10**6


def test_each_trial_is_reported_and_the_best_so_far(tmp_path):
    said = []
    make(tmp_path, say=said.append).search(verbose=0)
    assert [line.split(": alpha ")[0] for line in said[::2]] == ["Trial 1 of 3", "Trial 2 of 3", "Trial 3 of 3"]
    assert [line.partition(" s")[2] for line in said[1::2]] == [
        "; best so far 1.000, trial 1",
        ": d_loss not finite after 2 epochs",
        "; best so far 3.000, trial 3",
    ]
    assert [line.split(" in ")[0].split(" after ")[0] for line in said[1::2]] == [
        "  agreement 1.000",
        "  failed",
        "  agreement 3.000",
    ]


def test_after_the_deadline_no_trial_starts(tmp_path):
    tuner = make(tmp_path, trials=5)
    with deadline(tuner, 1e-3 / 60):
        end = time.monotonic() + 30
        while tuner.oracle.max_trials > 1 and time.monotonic() < end:
            time.sleep(0.01)
    assert tuner.oracle.max_trials == 1


@pytest.mark.parametrize("minutes", [None, 60.0])
def test_a_deadline_that_has_not_come_changes_nothing(tmp_path, minutes):
    tuner, threads = make(tmp_path, trials=5), threading.active_count()
    with deadline(tuner, minutes):
        pass
    assert tuner.oracle.max_trials == 5
    assert threading.active_count() <= threads + 1


def test_the_role_of_a_process_is_in_keras_tuners_variables(monkeypatch):
    assert role() == (False, False)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    assert role() == (True, False)
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "worker-0")
    assert role() == (False, True)
    monkeypatch.delenv("KERASTUNER_ORACLE_PORT")
    message = "Expected all of .*, or none; got KERASTUNER_ORACLE_IP and KERASTUNER_TUNER_ID alone"
    with pytest.raises(InputError, match=message):
        role()
