import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import nlgan_tf as nl
from nlgan_tf.compat.keras import keras
from nlgan_tf.export import export_classifier
from nlgan_tf.export.servable import compute_dtype, tolerance_of


def test_weights_are_written_once_and_nothing_random_with_them(tmp_path):
    classifier = nl.build_classifier((8, 8, 1), width=0.5)
    version = export_classifier(classifier, tmp_path)
    written = tf.train.load_checkpoint(str(version / "variables" / "variables")).get_variable_to_shape_map()
    weights = [shape for name, shape in written.items() if name != "_CHECKPOINTABLE_OBJECT_GRAPH"]
    assert sorted(weights) == sorted(list(weight.shape) for weight in classifier.trainable_variables)


def test_no_operation_asks_for_xla_or_keeps_random_state(exported_base):
    for model in ("classifier", "positive_generator"):
        saved = saved_model_pb2.SavedModel.FromString((exported_base / model / "1" / "saved_model.pb").read_bytes())
        graph = saved.meta_graphs[0].graph_def
        operations = {node.op for node in graph.node} | {
            node.op for function in graph.library.function for node in function.node_def
        }
        assert not {name for name in operations if name.startswith("Xla")}
        random = {name for name in operations if "Random" in name}
        assert all(name.startswith("Stateless") for name in random)
        assert not any("_XlaMustCompile" in function.attr for function in graph.library.function)


def test_the_coarsest_layer_decides_the_tolerance():
    def dense(dtype: str) -> keras.layers.Layer:
        return keras.layers.Dense(2, dtype=dtype)

    inner = keras.Sequential([keras.layers.Input((2,)), dense("float32"), dense("mixed_bfloat16")])
    outer = keras.Sequential([keras.layers.Input((2,)), dense("mixed_float16"), inner])
    found = [compute_dtype(model) for model in (inner, outer, keras.Sequential([keras.layers.Input((2,)), outer]))]
    assert found == ["bfloat16"] * 3
    assert [tolerance_of({"compute_dtype": name}) for name in ("float32", "float16", "bfloat16")] == [1e-5, 2e-3, 2e-2]
    # A version of before has no such fact.
    assert tolerance_of({}) == 1e-5
