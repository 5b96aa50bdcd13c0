import pytest

from nlgan_tf.errors import InputError
from nlgan_tf.reproduce.grid import (
    CLEAN,
    PRIORS,
    SIZES,
    TASKS,
    Combination,
    Grid,
    Options,
    estimated_seconds,
    median_seconds,
    planned,
    run_config,
)
from nlgan_tf.reproduce.methods import METHODS

ONE = Combination("mnist:5,7-vs-2,4", 1000, 0.7, 0.85, "nlgan", "paper", 0)


def change(**values) -> Combination:
    return Combination(**{**vars(ONE), **values})


def test_the_grid_is_the_papers_table_and_more():
    combinations = Grid().combinations()
    assert len(combinations) == len(set(combinations))
    of_nlgan = [combination for combination in combinations if combination.method == "nlgan"]
    assert len(of_nlgan) == 2 * 2 * 3 * 5
    assert {combination.cell[2:] for combination in combinations if combination.method == "pn"} == {CLEAN}
    assert {combination.cell for combination in combinations if combination.method == "svc"} == Grid().cells
    assert not [combination for combination in combinations if METHODS[combination.method].ablation]


def test_ablations_run_where_they_are_asked_for():
    grid = Grid(TASKS[:1], SIZES[:1], PRIORS[-1:], methods=("nlgan-attention",), seeds=1)
    assert [str(combination) for combination in grid.combinations()] == [
        "mnist:5,7-vs-2,4 1000 (0.6, 0.65) nlgan-attention paper seed 0"
    ]


def test_a_part_of_the_papers_grid_shares_its_file_and_another_grid_does_not():
    assert Grid(TASKS[:1], SIZES[:1], PRIORS[:1]).cells == Grid().cells
    assert Grid(("mnist:5-vs-7",), (100,), PRIORS[:1]).cells == {("mnist:5-vs-7", 100, 1.0, 1.0)}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"seeds": 0}, "Expected seeds to be finite and at least 1; got 0"),
        ({"seeds": "5"}, "Expected seeds to be int; got '5'"),
        ({"methods": 5}, "Expected methods to be Sequence; got 5"),
        ({"methods": ("sv",)}, "Expected method to be one of nlgan, pn, .*; got 'sv'"),
        ({"methods": ("nlgan-d",)}, "Expected methods that run, got nlgan-d: a run of nlgan measures nlgan-d"),
        ({"recipe": "best"}, "Expected recipe to be one of literal, paper, modern; got 'best'"),
        ({"priors": ((0.2, 0.3),)}, "their sum to be above 1; got pi_p=0.2, pi_n=0.3"),
        ({"sizes": (0,)}, "Expected size to be finite and above 0; got 0"),
        ({"tasks": ("fashion:1-vs-2",)}, "Expected task to be one of digits:A-vs-B, .* got 'fashion:1-vs-2'"),
        ({"methods": ("pn",), "priors": ((0.7, 0.85),)}, r"Expected pn at pi \(1, 1\) .*; got pn at \(0.7, 0.85\)"),
    ],
)
def test_bad_values(values, message):
    with pytest.raises(InputError, match=message):
        Grid(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "Expected epochs to be finite and above 0; got 0"),
        ({"keep": "we[i]rd dir"}, "Expected a folder without the characters .* in its path, got .*we"),
    ],
)
def test_bad_settings_of_a_whole_grid(values, message):
    with pytest.raises(InputError, match=message):
        Options(**values)


def test_epochs_are_the_papers_unless_given():
    cifar10 = change(task="cifar10:automobile-vs-airplane")
    assert run_config(ONE, Options()).stage_one.epochs == 40
    assert run_config(cifar10, Options()).stage_one.epochs == 500
    assert run_config(cifar10, Options(epochs=7)).stage_one.epochs == 7
    assert run_config(change(recipe="modern"), Options()).stage_one.epochs == 9


def test_features_go_to_the_methods_that_use_them():
    options = Options(features="some.keras")
    served = run_config(change(method="nlgan", recipe="modern"), options)
    assert (served.features, served.stage_two.network) == ("some.keras", "features")
    assert run_config(change(method="frozen-lr"), options).features == "some.keras"
    for other in (change(method="nlgan"), change(method="svc", recipe="modern"), change(method="no-gan")):
        assert run_config(other, options).features is None
    without = run_config(change(method="nlgan", recipe="modern"), Options())
    assert (without.features, without.stage_two.network) == (None, "auto")


def test_estimates_follow_what_was_measured():
    # 40 epochs of 78 steps, and 25 of 10,000 images for the classifier.
    assert estimated_seconds(ONE, Options(), {}) == pytest.approx(3120 * 0.65 + 250_000 * 0.002)
    assert estimated_seconds(ONE, Options(epochs=80), {}) == pytest.approx(6240 * 0.65 + 250_000 * 0.002)
    seen = {
        change(seed=1, pi_n=0.7): {"seconds": 60, "epochs": 40},
        change(seed=2): {"seconds": 80, "epochs": 40},
        change(size=100): {"seconds": 9, "epochs": 40},
        change(seed=3): {"seconds": 9, "epochs": 1},
    }
    assert estimated_seconds(ONE, Options(), median_seconds(seen)) == 70


def test_close_priors_have_names_of_their_own():
    assert change(pi_p=0.7000001).slug != ONE.slug


def test_cheap_and_important_ones_come_first_and_then_first_seeds():
    plan = planned(Grid(TASKS[:1], (1000,), ((0.7, 0.85),), ("gce", "nlgan", "svc"), seeds=2), Options(), {})
    assert [(combination.method, combination.seed) for combination in plan] == [
        ("svc", 0),
        ("svc", 1),
        ("gce", 0),
        ("gce", 1),
        ("nlgan", 0),
        ("nlgan", 1),
    ]
    assert next(iter(plan.values())) == pytest.approx(3)
    dear = planned(Grid(methods=("nlgan", "co-teaching"), seeds=2), Options(), {})
    titles = [(combination.method, combination.size, combination.seed) for combination in dear]
    assert titles.index(("nlgan", 100, 0)) < titles.index(("co-teaching", 1000, 1))
