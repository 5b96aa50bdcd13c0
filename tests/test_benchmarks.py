import dataclasses
import functools
import json

import numpy as np
import pytest
import tensorflow as tf

import nlgan_tf as nl
from helpers import ROOT
from helpers.extractors import saved_extractor
from nlgan_tf.compat.keras import keras
from nlgan_tf.gan.latent import draw_latent
from nlgan_tf.gan.model import NETWORKS
from nlgan_tf.recipes import RECIPES, Recipe
from nlgan_tf.two_stages import cross_fitting

BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks_on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3)], ids=["mnist", "cifar10"])
def test_the_first_update_is_that_of_the_plain_step_which_it_is_timed_against(shape):
    from contenders.keras_plain import plain_networks, plain_step

    def updates(rates: tuple[float, float, float], plain: bool) -> list[np.ndarray]:
        """Of D, G_P and G_N by SGD."""
        stage = dataclasses.replace(RECIPES["paper"].stage_one, dropout=0.0, width=0.25)
        # A seed at which no activation stands so near to its kink that rounding carries it across.
        model = nl.build_nlgan(shape, nl.NoisePriors(0.7, 0.85), stage, seed=1)
        optimizers = [keras.optimizers.SGD(rate) for rate in rates]
        if not plain:
            model.compile(5.0, 0.5, "bce", *optimizers)
        images = np.random.default_rng(0).integers(0, 256, (128, *shape), dtype=np.uint8)
        labels = np.repeat([1, 0], 64)
        networks = plain_networks(model) if plain else [getattr(model, name) for name in NETWORKS]
        before = [np.concatenate([np.ravel(weight) for weight in network.trainable_variables]) for network in networks]
        if plain:
            # The iteration that ours makes on its first batch.
            networks[0](tf.zeros((1, *shape)), training=True)
            # z of the first step, 0: a function of (seed, step) and of the generator's place.
            seeds = [tf.random.experimental.stateless_fold_in((model.seed, 0), place) for place in range(2)]
            z = [draw_latent(64, model.latent_dim, model.latent, seed) for seed in seeds]
            step = plain_step(model, networks, optimizers, lambda generator: z[generator], d_training=False)
            step(*(tf.constant(images[labels == label] / 127.5 - 1, tf.float32) for label in (1, 0)))
        else:
            tf.function(model.train_step)((tf.constant(images), tf.constant(labels)))
        after = [np.concatenate([np.ravel(weight) for weight in network.trainable_variables]) for network in networks]
        return [b - a for a, b in zip(before, after, strict=True)]

    # The plain step draws again for D, after the generators' update: so one network at a time.
    for index in range(3):
        rates = tuple(float(index == other) for other in range(3))
        ours, reference = updates(rates, plain=False)[index], updates(rates, plain=True)[index]
        assert np.linalg.norm(ours - reference) < 1e-4 * np.linalg.norm(reference)


@pytest.mark.slow
def test_rank_pruning_is_measured_beside_its_variants(tmp_path, monkeypatch):
    import rank_pruning

    cell = ("digits:5,7-vs-2,4", 100, 0.7, 0.85, rank_pruning.LOGISTIC)
    monkeypatch.setattr(rank_pruning, "REPEATED", 400)
    monkeypatch.setattr(rank_pruning, "REPEATED_SIZES", (100,))
    monkeypatch.setattr(rank_pruning, "CELLS", {cell: 1})
    monkeypatch.setattr(rank_pruning, "paper_value", lambda *_: 0.853)
    monkeypatch.setattr("sys.argv", ["rank_pruning.py", str(tmp_path / "lines.jsonl")])
    rank_pruning.main()
    rank_pruning.main()
    (row,) = rank_pruning.read_lines(tmp_path / "lines.jsonl")
    # A fold that is tested on copies of what it learned finds fewer wrong labels.
    assert row["repeated"] < row["described"]
    assert f"| 1 | {row['described']:.3f} | {row['equal']:.3f} | {row['repeated']:.3f} | 0.853 |" in rank_pruning.table(
        [row]
    )


def test_scores_of_labels_are_measured_once_for_each_case(tmp_path, monkeypatch, capsys):
    import label_scores

    method = "cleanlab logistic, self-confidence"
    cell = ["--tasks", "digits:5,7-vs-2,4", "--sizes", "100", "--seeds", "0", "1", "--methods", method]
    file = str(tmp_path / "lines.jsonl")
    monkeypatch.setattr("sys.argv", ["label_scores.py", file, *cell])
    label_scores.main()
    label_scores.main()
    rows = label_scores.read_lines(tmp_path / "lines.jsonl")
    assert [row["seed"] for row in rows] == [0, 1]
    for row in rows:
        assert row["average_precision"] > 0.5 > row["wrong"] / row["size"] > 0
    capsys.readouterr()
    monkeypatch.setattr("sys.argv", ["label_scores.py", file, "--table"])
    label_scores.main()
    mean = np.mean([row["average_precision"] for row in rows])
    assert f"| {method} | {mean:.3f} ± " in capsys.readouterr().out


def test_scores_on_frozen_features_are_methods_of_their_own(tmp_path, monkeypatch):
    import label_scores

    lines, method = tmp_path / "lines.jsonl", "cleanlab logistic, self-confidence"
    cell = ["--tasks", "digits:5,7-vs-2,4", "--sizes", "100", "--seeds", "0"]
    asked = ["label_scores.py", str(lines), *cell, "--methods", method, f"{method} on frozen features"]
    monkeypatch.setattr("sys.argv", asked)
    with pytest.raises(SystemExit):
        label_scores.main()
    assert not lines.exists()
    monkeypatch.setattr("sys.argv", [*asked, "--features", str(saved_extractor(tmp_path))])
    label_scores.main()
    pixels, features = label_scores.read_lines(lines)
    assert (pixels["method"], features["method"]) == (method, f"{method} on frozen features")
    # One number an image says less than its pixels.
    assert pixels["average_precision"] > features["average_precision"]


@pytest.mark.slow
def test_serving_is_timed_beside_its_competitors():
    import serving

    result = serving.measure(rounds=3, width=0.1)
    assert set(result["latency"]) == {1, 64}
    assert set(result["latency"][64]) == {"ours", "plain export", "Keras predict", "onnxruntime"}
    # The plain export writes each weight twice.
    assert result["saved_model_bytes"]["ours"] < result["saved_model_bytes"]["plain export"]
    assert "| 64 | ours |" in serving.table(result)


def test_the_table_of_priors_is_what_its_lines_say():
    import priors_table

    def row(seed, pi):
        estimate = {"pi": pi, "intervals": [[0.6, 0.8], [0.9, 1.0]], "separable": True}
        methods = {name: dict(estimate) for name in priors_table.TITLES}
        methods["anchors"] = {**estimate, "pi": [0.4, 0.55], "separable": False}
        case = {"task": priors_table.REPORTED.tasks[0], "size": 100, "pi": [0.7, 0.85], "seed": seed}
        return {**case, "realised": [0.7, 0.85], "d_accuracy": 0.9, "methods": methods}

    rows = [row(0, [0.8, 0.85]), row(1, [0.7, 0.75])]
    ours = priors_table.summary(rows, "combined")
    # Errors .1, 0 and 0, -.1; the first interval covers, the second does not; widths .2 and .1.
    expected = {"error": 0.05, "bias": 0.0, "spread": 0.1 / 2**0.5, "coverage": 0.5, "width": 0.15, "default": 0.0}
    assert ours == pytest.approx(expected)
    table = priors_table.tables(rows)
    assert "| mnist:5,7-vs-2,4, 100, 0.7/0.85 | 2 | 0.900 | 0.050 | 0.050 | 0.050 | 0.050 | 0.050 | 0.300 |" in table
    assert "within .01 of it in 1 of 1 cells" in table


@pytest.mark.slow
def test_a_line_of_the_priors_table_trains_once(tmp_path, monkeypatch):
    import priors_table

    monkeypatch.setattr(
        priors_table, "measure_noise", lambda *a, **k: nl.measure_noise(*a, width=0.1, max_steps=20, **k)
    )
    case = {"task": "digits:0-vs-1", "size": 100, "pi": [0.7, 0.85], "seed": 1}
    line = json.loads(json.dumps(priors_table.measure(case, None, tmp_path)))
    assert line["realised"] == pytest.approx([0.7, 0.85], abs=0.02)
    assert set(line["methods"]) == set(priors_table.TITLES)

    # From D's outputs, which stayed.
    monkeypatch.setattr(priors_table, "measure_noise", None)
    again = json.loads(json.dumps(priors_table.measure(case, None, tmp_path)))
    assert {**again, "seconds": 0} == {**line, "seconds": 0}


def test_the_priors_table_covers_every_cell():
    import priors_table

    cases = priors_table.REPORTED.all()
    assert len(cases) == 2 * 3 * (3 + 10)
    assert len({json.dumps(case) for case in cases}) == len(cases)
    assert not {case["task"] for case in cases} & {case["task"] for case in priors_table.DEVELOPMENT.all()}


def test_the_table_of_objectives_ranks_within_a_draw():
    import tuning_objectives as benchmark

    names = (*benchmark.OBJECTIVES, *benchmark.OTHERS)
    accuracies = (0.6, 0.7, 0.8, 0.9)
    # Each objective follows accuracy, but for the last one, which goes against it; draws differ in their level.
    rows = [
        {"draw": draw, "test_accuracy": value, **dict.fromkeys(names, value + draw), names[-1]: draw - value}
        for draw in range(benchmark.DRAWS)
        for value in accuracies
    ]
    lines = benchmark.table(rows).splitlines()
    assert lines[2].startswith("| corrected_accuracy | 1.000 | 1.000 | 1.000 | 1.000 |")
    assert lines[2].endswith("| 0.900 |")
    assert lines[1 + len(names)].startswith(f"| {names[-1]} | -1.000 |")
    assert lines[1 + len(names)].endswith("| 0.600 |")
    assert "12 configurations: test accuracy 0.750 ± 0.117; the best of each draw, on average, 0.900." in lines[-1]


def test_the_table_of_paired_seeds_has_their_difference():
    import tuning_mnist as benchmark

    rows = [
        {"alpha": alpha, "beta": 0.5, "seed": seed, "accuracy": accuracy}
        for seed, pair in enumerate([(0.9, 0.8), (0.8, 0.8), (0.7, 0.5)])
        for alpha, accuracy in zip((9.0, 5.0), pair, strict=True)
    ]
    table = benchmark.table(rows)
    assert "| 9, 0.5 | 0.900 | 0.800 | 0.700 | 0.800 |" in table
    # Differences .1, 0 and .2: mean .1, standard deviation .1.
    assert "Difference +0.100 ± 0.058" in table


def test_lines_are_continued_and_a_file_that_cannot_be_written_is_refused_first(tmp_path, monkeypatch, capsys):
    import lines

    measured = []

    def measure(case: int) -> dict:
        measured.append(case)
        return {"case": case}

    path = tmp_path / "lines.jsonl"
    for cases in ([(1,), (2,)], [(1,), (2,), (3,)]):
        lines.fill(path, cases, lambda row: (row["case"],), measure)
    assert measured == [1, 2, 3]
    assert [row["case"] for row in lines.read_lines(path)] == [1, 2, 3]
    for unfit in (tmp_path, tmp_path / "missing" / "lines.jsonl"):
        with pytest.raises(SystemExit):
            lines.lines_parser("").parse_args([str(unfit)])
        assert "Expected a file in a folder that can be written" in capsys.readouterr().err
    path.write_text('{"case"')
    with pytest.raises(SystemExit, match="line 1: Expected JSON, got a torn line: remove the line"):
        lines.read_lines(path)


@pytest.mark.slow
def test_both_stages_are_trained_by_the_packages_functions(monkeypatch):
    import estimated_priors
    import tuning_mnist

    one = nl.StageOneConfig(epochs=1, samples_per_epoch=256, width=0.1)
    two = nl.StageTwoConfig(epochs=1, samples_per_epoch=256, width=0.1, num_images=64)
    config = tuning_mnist.run_config(1, None, alpha=7.0)
    small = dataclasses.replace(config, task="digits:5-vs-7", size=40, stage_one=one, stage_two=two)
    line = tuning_mnist.measure(small)
    assert (line["alpha"], line["beta"], line["seed"]) == (5.0, 0.5, 1)
    assert 0 <= line["accuracy"] <= 1
    assert 0 <= line["accuracy_d"] <= 1

    monkeypatch.setitem(RECIPES, "modern", Recipe(one, two))
    monkeypatch.setattr(cross_fitting, "EstimatePriors", functools.partial(nl.EstimatePriors, max_steps=20))
    line = estimated_priors.measure(0.7, 0.85, 2)
    assert (line["pi"], line["seed"]) == ([0.7, 0.85], 2)
    assert 0 <= line["known"] <= 1
    assert 0 <= line["estimated"] <= 1
    assert all(0 < purity <= 1 for purity in line["estimate"])
    assert line["estimate"] != [0.7, 0.85]


def test_an_ablation_is_measured_on_the_same_draws():
    import ablation

    cell = {"task": "mnist:5-vs-7", "size": 100, "pi_p": 0.6, "pi_n": 0.65, "recipe": "modern"}
    accuracies = {
        0: {"nlgan": 0.9, "nlgan-classifier": 0.85, "nlgan-drawn": 0.75, "nlgan-one-round": 0.9},
        1: {"nlgan": 0.7, "nlgan-drawn": 0.8, "nlgan-no-witness": 0.6},
        2: {"nlgan-drawn": 0.1},  # Nothing to compare it with.
    }
    rows = [
        {**cell, "method": method, "seed": seed, "accuracy": accuracy}
        for seed, of_seed in accuracies.items()
        for method, accuracy in of_seed.items()
    ]
    rows.append({**rows[0], "recipe": "paper", "accuracy": 0.0})
    # -.1 and +.1 have a standard deviation of .1 sqrt(2), and their mean a standard error of .1.
    assert ablation.table(rows).splitlines() == [
        "| without | mnist:5-vs-7, 100, (0.6, 0.65) |",
        "|---|---|",
        "| those who join the classifier | -0.050 (1) |",
        "| originals | +0.000 ± 0.100 (2) |",
        "| other judges than D | -0.100 (1) |",
        "| the second round | +0.000 (1) |",
    ]
