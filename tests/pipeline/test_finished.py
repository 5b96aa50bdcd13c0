import dataclasses
import json

import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.pipeline.finished import FinishedRun


@pytest.fixture
def run(run_dir) -> FinishedRun:
    (run_dir / "timings.json").write_text(json.dumps({"data": 1.5}))
    (run_dir / "history.csv").write_text('epoch,loss,event\n0,2.5,\n1,1.5,"G_P stops, then goes on"\n')
    return FinishedRun(run_dir)


def test_every_part_is_read(run):
    assert run.config == nl.RunConfig()
    assert run.metrics["accuracy_nlgan"] == 0.9
    assert run.timings == {"data": 1.5}
    assert run.history == {"epoch": [0, 1], "loss": [2.5, 1.5]}
    assert run.events == ["G_P stops, then goes on"]
    assert run.folds == 1
    assert run.deltas == pytest.approx({"delta_p": 0.15 / 0.85, "delta_n": 0.85 / 1.15})
    assert run.drawn.class_names == ("ham", "spam")
    assert run.drawn.labels.tolist() == [1] * 5 + [0] * 5
    assert run.drawn_manifest["counts"] == {"ham": 5, "spam": 5}
    np.testing.assert_array_equal(run.nlgan().hallucinate(10, seed=0)[0], run.drawn.images)
    assert run.classifier().output_shape == (None, 1)
    assert run.task.image_shape == (16, 16, 1)


def test_estimated_priors_give_the_deltas(run):
    config = json.loads((run.run_dir / "config.json").read_text())
    (run.run_dir / "config.json").write_text(json.dumps({**config, "estimate_priors": True}))
    (run.run_dir / "priors.json").write_text(json.dumps({"delta_p": 0.2, "delta_n": 0.9, "separable": True}))
    assert FinishedRun(run.run_dir).deltas == {"delta_p": 0.2, "delta_n": 0.9}


def test_events_of_all_folds_and_versions_are_read(run):
    (run.run_dir / "checkpoints" / "nlgan-1.keras").touch()
    (run.run_dir / "history-1.csv").write_text("epoch,loss,event\n0,2.5,first\n1,1.5,second\n")
    (run.run_dir / "saved_models" / "classifier" / "1").mkdir(parents=True)
    (run.run_dir / "saved_models" / "classifier" / "1" / "manifest.json").write_text('{"versions": {"keras": "3"}}')
    assert run.folds == 2
    assert run.events == ["G_P stops, then goes on", "first", "second"]
    assert run.versions == {"keras": "3"}


def test_stated_and_estimated_purities(run):
    assert (run.priors, run.estimate) == (nl.NoisePriors(0.7, 0.85), None)
    rng = np.random.default_rng(0)
    estimate = nl.estimate_priors(np.concatenate([rng.normal(-2, 0.3, 200), rng.normal(2, 0.3, 200)]))
    found = {**dataclasses.asdict(estimate), "histogram_of_d": [0, 1]}
    (run.run_dir / "priors.json").write_text(json.dumps(found))
    again = FinishedRun(run.run_dir)
    assert again.estimate == estimate
    assert again.priors == estimate.priors
    (run.run_dir / "priors.json").write_text(json.dumps({"delta_p": 0.2}))
    with pytest.raises(nl.InputError, match=r"Expected an estimate of delta_p, .*; got none of delta_n"):
        _ = FinishedRun(run.run_dir).priors


def test_another_data_folder_takes_the_place_of_the_runs_own(run_dir):
    assert FinishedRun(run_dir, data_dir="elsewhere").config.data_dir == "elsewhere"


def test_what_is_no_finished_run_is_refused(run_dir, tmp_path):
    with pytest.raises(nl.InputError, match=r"Expected a run folder, got .* without config.json"):
        FinishedRun(tmp_path / "nowhere")
    (run_dir / "unfinished.json").write_text("{}")
    with pytest.raises(
        nl.InputError, match=r"Expected a finished run, got the unfinished .*: nlgan-tf run --resume goes on"
    ):
        FinishedRun(run_dir)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"Expected a finished run's history.csv in .*, got no such file"),
        ("epoch,loss,event\n0,1,\n1", r"Expected whole rows of numbers in .*history.csv"),
        ("epoch,loss,event\n0,one,\n", r"Expected whole rows of numbers in .*history.csv"),
    ],
)
def test_a_missing_or_torn_part_is_named(run, text, message):
    (run.run_dir / "history.csv").unlink() if text is None else (run.run_dir / "history.csv").write_text(text)
    with pytest.raises(nl.InputError, match=message):
        _ = run.history
