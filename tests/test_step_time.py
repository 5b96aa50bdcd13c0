import dataclasses

import pytest
import tensorflow as tf

import nlgan_tf as nl
from helpers import ROOT
from nlgan_tf.recipes import RECIPES


@pytest.fixture(autouse=True)
def benchmarks_on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def paper_model() -> nl.NLGAN:
    return nl.build_nlgan((28, 28, 1), nl.NoisePriors(0.7, 0.85), "paper")


def test_the_limit_counts_the_products_of_a_step(paper_model):
    from contenders.limit import step_flops

    # By hand, multiply-adds an image. D: 14x14 outputs of 3x3x1x64, 7x7 of 3x3x64x128, 6272x1024, 1024.
    first_d, d = 112_896, 112_896 + 3_612_672 + 6_422_528 + 1_024
    # G: 100x1024, 1024x6272, 7x7 inputs of 4x4x128x64, 14x14 of 4x4x64x1.
    first_g, g = 102_400, 102_400 + 6_422_528 + 6_422_528 + 200_704
    images = 128
    d_forward_and_weights, d_inputs = 2 * 2 * images * d, 2 * images * (d - first_d) + images * d
    # What follows D's dropout has a second forward pass on generated images, dropout off.
    without_dropout = images * 1_024
    expected = 2 * (d_forward_and_weights + d_inputs + without_dropout + images * (3 * g - first_g))
    assert step_flops(paper_model, images) == expected


def test_a_product_has_the_shape_in_which_a_step_computes_it(paper_model):
    from contenders.products import step_products

    products = {(product.layer, product.part): product for product in step_products(paper_model, 128)}
    # 2 calls of D on 128 images, 49 pixels each, of 3x3x64 taps and 128 filters.
    forward = products["D conv_2", "forward"]
    assert (forward.matrix, forward.count) == ((128 * 49, 576, 128), 2)
    gradient = products["D conv_2", "kernel gradient"]
    assert (gradient.matrix, gradient.convolution.operation) == ((576, 128 * 49, 128), "Conv2DBackpropFilter")
    # A transposed convolution is the gradient of the convolution from its outputs to its inputs.
    drawn = products["G deconv_1", "forward"]
    assert (drawn.matrix, drawn.convolution.operation) == ((64 * 49, 128, 16 * 64), "Conv2DBackpropInput")
    assert (drawn.convolution.images, drawn.convolution.stride) == ((64, 14, 14, 64), 2)
    # For D's loss on real and generated images, and for the generators' loss.
    inputs = products["D fc", "input gradient"]
    assert (inputs.matrix, inputs.count) == ((128, 1024, 6272), 3)
    assert ("G fc_1", "input gradient") not in products


@pytest.mark.stack("current", reason="step_time.py compares with PyTorch, which the legacy stack does not have")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_each_product_is_found_in_the_graph_of_a_step(precision):
    from contenders.operations import places_of
    from contenders.products import step_products

    stage = dataclasses.replace(RECIPES["modern"].stage_one, width=0.25)
    model = nl.build_nlgan((16, 16, 1), nl.NoisePriors(0.7, 0.85), stage, precision=precision)
    batch = tf.zeros((8, 16, 16, 1), tf.uint8), tf.constant([1, 0] * 4, tf.int64)
    graph = tf.function(model.train_step).get_concrete_function(batch).graph
    products = step_products(model, 8)
    places = places_of(graph, products)
    kinds = {name: graph.get_operation_by_name(name).type for name in places}
    multiplying = [place for name, place in places.items() if "MatMul" in kinds[name] or "Conv2D" in kinds[name]]
    counts = {}
    for product in products:
        counts[product.layer, product.part] = counts.get((product.layer, product.part), 0) + product.count
    assert set(multiplying) == set(counts)
    # The graph as it is traced has gradients, too, that nobody reads and TensorFlow leaves out.
    assert all(multiplying.count(place) >= count for place, count in counts.items())
    forward = {place: count for place, count in counts.items() if place[1] == "forward"}
    assert {place: multiplying.count(place) for place in forward} == forward
    # A fused operation has the name of its last part.
    fused = [place for name, place in places.items() if "positive" in name and "fc_1" in name and "BiasAdd" in name]
    assert ("G fc_1", "forward") in fused


@pytest.mark.slow
def test_a_small_step_has_a_limit_by_layer_and_its_operations_times(monkeypatch):
    pytest.importorskip("torch")
    import step_time
    from contenders import limit as limits

    stage = dataclasses.replace(RECIPES["modern"].stage_one, width=0.1)
    monkeypatch.setattr(step_time, "NETWORKS", {"small": ((16, 16, 1), stage)})
    # The larger ones take seconds.
    monkeypatch.setattr(limits, "SQUARES", (256,))
    result = step_time.measure("small", 1, ours_alone=True)
    for dtype, rows in result["operations"].items():
        assert len(rows) == step_time.LARGEST
        assert all(row["share"] > 0 for row in rows)
        limit = result["limits"][f"limit by layer, {dtype}"]
        assert limit["seconds"] > sum(row["seconds"] for row in limit["products"]) > 0
        # A product of matrices may be faster than the whole convolution, which is a choice beside it; never slower.
        assert all(row["whole_seconds"] >= row["seconds"] for row in limit["products"])
        assert all(row["whole_seconds"] == row["seconds"] for row in limit["products"] if "fc" in row["layer"])
        assert step_time.operations_table("small", dtype, rows).count("\n") == 1 + step_time.LARGEST
    shown = step_time.table("small", result)
    assert "| limit by layer, float32 |" in shown
    assert "| limit by layer, float32, whole kernels |" in shown
