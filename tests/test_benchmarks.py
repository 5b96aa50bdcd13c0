import json
from pathlib import Path

import numpy as np
import pytest

import nlgan_tf as nl

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks_on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def flops_of(model, images: int) -> float:
    """FLOPs of a forward pass, from the layers themselves: 2 a multiply-add."""
    total = 0.0
    for layer in model.layers:
        inner = getattr(layer, "layer", layer)
        if hasattr(inner, "kernel"):
            # A kernel is applied once at each output pixel; a transposed one at each input pixel.
            shape = layer.input.shape if "Transpose" in type(inner).__name__ else layer.output.shape
            total += 2.0 * np.prod(inner.kernel.shape) * np.prod(shape[1:-1])
    return total * images


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3)])
def test_the_limit_counts_the_flops_that_the_layers_have(shape):
    from contenders.limit import step_flops

    discriminator, generator = nl.build_discriminator(shape), nl.build_generator(shape)
    first_d = flops_of_first(discriminator)
    first_g = flops_of_first(generator)
    d, g = flops_of(discriminator, 1), flops_of(generator, 1)
    expected = 256 * (2 * d + d - first_d) + 128 * d + 128 * (3 * g - first_g)
    assert step_flops(shape, 128) == pytest.approx(expected)


def flops_of_first(model) -> float:
    layer = model.layers[1]
    return 2.0 * np.prod(getattr(layer, "layer", layer).kernel.shape) * np.prod(layer.output.shape[1:-1])


@pytest.mark.slow
def test_a_run_is_judged(tmp_path):
    import judge_run

    config = nl.RunConfig.from_json(
        json.dumps(
            {
                "run_dir": str(tmp_path / "run"),
                "size": 40,
                "stage_one": {"epochs": 1, "samples_per_epoch": 256, "width": 0.1},
                "stage_two": {"epochs": 1, "samples_per_epoch": 256, "width": 0.1, "num_images": 64},
            }
        )
    )
    nl.run(config, verbose=0)
    report = judge_run.judge_run(tmp_path / "run", None)
    assert report["judge_accuracy"] > 0.93
    assert report["5,7"]["purity"] == pytest.approx(sum(report["5,7"]["coverage"].values()))
    assert set(report["2,4"]["coverage"]) == {"2", "4"}


def test_the_table_of_priors_is_what_its_lines_say():
    import priors_table

    def row(seed, pi):
        estimate = {"pi": pi, "intervals": [[0.6, 0.8], [0.9, 1.0]], "separable": True}
        methods = {name: dict(estimate) for name in priors_table.TITLES}
        methods["anchors"] = {**estimate, "pi": [0.4, 0.55], "separable": False}
        case = {"task": priors_table.TASKS[0], "size": 100, "pi": [0.7, 0.85], "seed": seed}
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
def test_a_line_of_the_priors_table(monkeypatch):
    import priors_table

    monkeypatch.setattr(
        priors_table, "measure_noise", lambda *a, **k: nl.measure_noise(*a, width=0.1, max_steps=20, **k)
    )
    case = {"task": "digits:0-vs-1", "size": 100, "pi": [0.7, 0.85], "seed": 1}
    line = json.loads(json.dumps(priors_table.measure(case, None)))
    assert line["realised"] == pytest.approx([0.7, 0.85], abs=0.02)
    assert set(line["methods"]) == set(priors_table.TITLES)


def test_the_priors_table_covers_every_cell():
    import priors_table

    cases = priors_table.combinations()
    assert len(cases) == 2 * 3 * (3 + 10)
    assert len({json.dumps(case) for case in cases}) == len(cases)
