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


@pytest.mark.slow
def test_serving_is_timed_beside_its_competitors():
    import serving

    result = serving.measure(rounds=3, width=0.1)
    assert set(result["latency"]) == {1, 64}
    assert set(result["latency"][64]) == {"ours", "plain export", "Keras predict", "onnxruntime"}
    # The plain export writes each weight twice.
    assert result["saved_model_bytes"]["ours"] < result["saved_model_bytes"]["plain export"]
    assert "| 64 | ours |" in serving.table(result)
