import dataclasses
import json
import shutil

import matplotlib.image
import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.errors import InputError
from nlgan_tf.pipeline.finished import FinishedRun
from nlgan_tf.recipes import RECIPES
from nlgan_tf.reproduce import figures
from nlgan_tf.reproduce.figures import CURVES, figure3, learning_curves, row_name, write_figures

ONE = dataclasses.replace(RECIPES["paper"].stage_one, epochs=2, samples_per_epoch=256, width=0.1, decay_share=0.0)
TWO = nl.StageTwoConfig(num_images=64, epochs=1, samples_per_epoch=256, width=0.1)


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    config = nl.RunConfig(
        task="digits:5-vs-7", size=40, run_dir=str(folder), stage_one=ONE, stage_two=TWO, compare=False
    )
    return nl.run(config, verbose=0).run_dir


@pytest.mark.slow
def test_both_figures_have_a_row_for_each_run(run_dir, tmp_path):
    one, two = (write_figures([run_dir] * n, tmp_path / str(n)) for n in (1, 2))
    assert [path.name for path in one] == ["figure3.png", "learning_curves.png"]
    for first, second in zip(one, two, strict=True):
        small, large = matplotlib.image.imread(first), matplotlib.image.imread(second)
        assert large.shape[0] > 1.6 * small.shape[0]
        assert len(np.unique(small)) > 10


@pytest.mark.slow
def test_they_show_the_runs_own_images_and_history(run_dir):
    run = FinishedRun(run_dir)
    config = run.config
    axes = figure3([run]).axes
    assert [panel.get_title() for panel in axes] == ["noisy 5", "noisy 7", "drawn 5", "drawn 7"]
    drawn = nl.load_task(f"npz:{run_dir / 'clean_dataset.npz'}")
    shown = axes[2].images[0].get_array()[:16, :16, 0]
    assert np.any(np.all(drawn.images[drawn.labels == 1][..., 0] == shown, axis=(1, 2)))
    panels = learning_curves([run]).axes
    assert len(panels) == len(CURVES)
    assert panels[0].lines[0].get_xdata().tolist() == [1, 2]
    assert [line.get_ydata()[0] for line in panels[1].lines[-2:]] == [config.priors.delta_p, config.priors.delta_n]


@pytest.mark.slow
def test_a_run_with_estimated_priors_shows_its_own_deltas(run_dir, tmp_path):
    copy = shutil.copytree(run_dir, tmp_path / "run")
    (copy / "priors.json").write_text(json.dumps({"delta_p": 0.2, "delta_n": 0.9}))
    config = nl.RunConfig.from_json((run_dir / "config.json").read_text())
    (copy / "config.json").write_text(dataclasses.replace(config, estimate_priors=True).to_json())
    panels = learning_curves([FinishedRun(copy)]).axes
    assert [line.get_ydata()[0] for line in panels[1].lines[-2:]] == [0.2, 0.9]


@pytest.mark.slow
def test_an_event_with_a_comma_is_one_column(run_dir, tmp_path):
    copy = shutil.copytree(run_dir, tmp_path / "run")
    first, *rows = (copy / "history.csv").read_text().splitlines()
    assert first.endswith(",event")
    rows[-1] = rows[-1].rpartition(",")[0] + ',"G_P collapses, and G_N too"'
    (copy / "history.csv").write_text("\n".join([first, *rows]) + "\n")
    assert learning_curves([FinishedRun(copy)]).axes[0].lines[0].get_xdata().tolist() == [1, 2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: "epoch,loss\n0,1\n", r"Expected .*history.csv with the column d_loss, got none of this name"),
        (lambda text: text + "2,0.5", r"Expected whole rows of numbers in .*history.csv, got a torn or foreign file"),
    ],
)
def test_a_history_that_is_none_is_refused(run_dir, tmp_path, damage, message):
    copy = shutil.copytree(run_dir, tmp_path / "run")
    history = copy / "history.csv"
    history.write_text(damage(history.read_text()))
    with pytest.raises(ValueError, match=message):
        write_figures([copy], tmp_path / "figures")
    assert not (tmp_path / "figures").exists()


def test_rows_say_what_their_run_changed_of_its_recipe():
    paper = RECIPES["paper"].stage_one
    task = {"task": "mnist:5-vs-7", "size": 100, "recipe": "paper"}
    changed = nl.RunConfig(**task, stage_one=dataclasses.replace(paper, attention=True))
    assert row_name(nl.RunConfig(**task)) == "mnist:5-vs-7\n100, pi (0.7, 0.85), seed 0\npaper"
    own = nl.RunConfig(task="npz:own.npz")
    assert row_name(own) == "npz:own.npz\npi estimated, seed 0\nmodern"
    assert row_name(changed) == "mnist:5-vs-7\n100, pi (0.7, 0.85), seed 0\npaper\nattention True"


def test_no_run_at_all(tmp_path):
    with pytest.raises(InputError, match="Expected at least one run folder, got none"):
        write_figures([], tmp_path / "figures")
    assert not (tmp_path / "figures").exists()


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_drawn(run_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "figure3", None)
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(OSError, match=r"folder .*taken cannot be written"):
        write_figures([run_dir], tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.slow
def test_folders_that_read_as_patterns(run_dir, tmp_path):
    weird = shutil.copytree(run_dir, tmp_path / "we[i]rd d*r" / "run")
    paths = write_figures([weird], tmp_path / "we[i]rd d*r" / "figures")
    assert [path.stat().st_size > 1000 for path in paths] == [True, True]
