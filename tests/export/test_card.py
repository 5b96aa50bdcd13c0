import tensorflow as tf

from nlgan_tf.export.card import write_card
from nlgan_tf.export.servable import Servable


@tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 1), tf.float32, name="images")])
def serving_default(images):
    return {"probability": tf.reduce_mean(images, (1, 2, 3))}


def card(folder, source: dict, **facts) -> str:
    signatures = {"serving_default": serving_default}
    write_card(Servable("judge", "classifier", signatures, [], serving_default, (), facts), folder, source)
    return (folder / "MODEL_CARD.md").read_text()


def test_a_card_tells_signatures_facts_and_the_run(tmp_path):
    source = {
        "versions": {"tensorflow": "2.21"},
        "metrics": {"accuracy_nlgan": 0.91234, "pi_p_realised": 0.7},
        "config": {"task": "digits:5-vs-2"},
    }
    text = card(tmp_path, source, image_shape=[8, 8, 1], compute_dtype="bfloat16")
    assert text.startswith("# judge\n")
    assert "| `serving_default` | `images` float32 (n, 8, 8, 1) | `probability` float32 (n) |" in text
    assert "| accuracy_nlgan | 0.912 |" in text
    assert "pi_p_realised" not in text
    assert "| image shape | `8`, `8`, `1` |\n| compute dtype | bfloat16 |\n| tensorflow | 2.21 |" in text
    assert '"task": "digits:5-vs-2"' in text
    assert "EXIF orientation" in text


def test_names_of_classes_are_no_markup(tmp_path):
    text = card(tmp_path, {"versions": {}}, class_names=["a|b", "c`d", "e\nf"])
    assert "| class names | `a\\|b`, `` c`d ``, `e f` |" in text


def test_a_card_tells_what_the_clean_data_set_was_filtered_by(tmp_path):
    drawing = {"min_confidence": 0.8, "temperature": 0.5, "passed": {"5|7": 0.6667, "2,4": 0.25}}
    text = card(tmp_path, {"versions": {}, "drawing": drawing})
    assert (
        "| least P(class) by D | 0.8 |\n| near copies of originals | kept |\n| temperature, the factor on z | 0.5 |\n"
        in text
    )
    assert "| share of the drawn images of `5\\|7` that was kept | 66.7% |" in text
    unfiltered = card(tmp_path, {"versions": {}, "drawing": {**drawing, "min_confidence": None}})
    assert "| least P(class) by D | none: all drawn images were kept |" in unfiltered
    by_share = card(tmp_path, {"versions": {}, "drawing": {**drawing, "min_confidence": None, "keep_surest": 0.8}})
    assert "| kept by D's P(class) | the surest 80% of each generator's images |" in by_share
    new = card(tmp_path, {"versions": {}, "drawing": {**drawing, "novelty": 0.1}})
    assert "| near copies of originals | left out, by novelty 0.1 |" in new
    assert "| near copies of originals | kept |" in text
    only_new = card(tmp_path, {"versions": {}, "drawing": {**drawing, "min_confidence": None, "novelty": 0.025}})
    assert "| least P(class) by D | none |\n| near copies of originals | left out, by novelty 0.025 |" in only_new
    assert "Clean data set" not in card(tmp_path, {"versions": {}})
