import json

from nlgan_tf.pipeline.report.blocks import Table, Text
from nlgan_tf.pipeline.report.sections import accuracies


def test_the_served_classifier_is_marked_whoever_wins(facts):
    (table,) = accuracies.blocks(facts)
    assert table == Table(
        "Accuracy on clean test labels of 216 images",
        ("Classifier", "Accuracy"),
        [
            ("SVC", "0.950"),
            ("Served: the classifier of the run", "0.900"),
            ("Classifier of the drawn images alone (NL-GAN)", "0.850"),
            ("Stage two, noisy labels, stopped early", "0.800"),
        ],
        marked=[1],
    )


def test_true_labels_are_no_rival(spoiled_run, spoiled_facts):
    (spoiled_run / "metrics.json").write_text(json.dumps({"accuracy_nlgan": 0.8, "accuracy_clean": 0.9}))
    table, text = accuracies.blocks(spoiled_facts())
    assert [row[0] for row in table.rows] == [
        "Classifier of the true labels",
        "Classifier of the drawn images alone (NL-GAN)",
    ]
    # A run of before `accuracy_served` serves the classifier of its drawn images.
    assert table.marked == [1]
    assert text == Text("The classifier of the true labels is what clean data would give, and is no rival.")


def test_a_run_without_test_images_says_so(spoiled_run, spoiled_facts):
    (spoiled_run / "metrics.json").write_text(json.dumps({"settings": {}}))
    (text,) = accuracies.blocks(spoiled_facts())
    assert text == Text("The run had no test images with true labels, so no accuracy is known.")
