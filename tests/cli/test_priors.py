import sys

import numpy as np
import pytest

from helpers.forked import NLGAN_TF, output_of
from nlgan_tf.cli import main
from nlgan_tf.noise_rates import report
from nlgan_tf.noise_rates.report import NoiseReport, compare_estimators
from nlgan_tf.pipeline import prepare


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (".", "Expected a file to write, got the folder"),
        ("file/priors.png", "Expected a file that can be written, got"),
    ],
)
def test_the_place_of_the_figure_is_checked_before_any_work(tmp_path, monkeypatch, refused, place, message):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(prepare, "prepare_task", lambda *_: pytest.fail("the place was not checked first"))
    refused(["priors", "--task", "digits:0-vs-1", "--figure", str(tmp_path / place)], message)


def test_the_command_writes_its_figure_into_a_new_folder(tmp_path, monkeypatch):
    """The command up to its training, of which the test below has the rest."""
    monkeypatch.setattr(
        sys, "argv", ["nlgan-tf", "priors", "--task", "digits:0-vs-1", "--figure", f"{tmp_path}/new/p.png"]
    )

    def measured(images, noisy_labels, *_) -> NoiseReport:
        logits = np.where(noisy_labels == 1, -3.0, 3.0)[np.newaxis] + np.linspace(0, 1, len(images))
        scores = dict.fromkeys(("out_of_fold", "relearned", "in_sample"), logits)
        known = {**scores, "noisy_labels": noisy_labels, "images": np.arange(len(images))}
        return NoiseReport(compare_estimators(**known), **known)

    monkeypatch.setattr(report, "measure_noise", measured)
    main()
    assert (tmp_path / "new" / "p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["priors", "--task", "digits:0-vs-1", "--width", "0.1", "--folds", "3", "--max-steps", "60"]
    printed = output_of(NLGAN_TF, *arguments, log=tmp_path / "log")
    for title in ("Rank Pruning", "confident joint", "anchors", "the truth"):
        assert title in printed
    assert "of the labels, " in printed
    assert (tmp_path / "priors.png").read_bytes().startswith(b"\x89PNG")
