import numpy as np
from matplotlib.image import imread

from nlgan_tf.figures.save import save
from nlgan_tf.tuning.plane import alpha_beta_plane
from nlgan_tf.tuning.trials import TrialRow


def row(alpha: float, beta: float, score: float | None) -> TrialRow:
    return TrialRow("0", {"alpha": alpha, "beta": beta}, score, {}, None, None)


def colours(path) -> set[tuple[int, ...]]:
    return {tuple(pixel) for pixel in np.round(255 * imread(path)[..., :3]).astype(int).reshape(-1, 3)}


def test_every_trial_is_in_the_plane(tmp_path):
    trials = [row(2, 0.1, 0.8), row(9, 0.4, 0.9), row(4, 0.6, None)]
    save(alpha_beta_plane(trials, "agreement"), tmp_path / "plane.png")
    shown = colours(tmp_path / "plane.png")
    # The ends of the colour map, and the ring around the best.
    assert {(68, 1, 84), (253, 231, 37), (214, 39, 40)} <= shown


def test_failed_trials_alone_are_a_figure_too(tmp_path):
    trials = [row(4, 0.6, None), TrialRow("1", {"alpha": 2.0}, 0.5, {}, None, None)]
    save(alpha_beta_plane(trials, "agreement"), tmp_path / "plane.png")
    assert (214, 39, 40) not in colours(tmp_path / "plane.png")
