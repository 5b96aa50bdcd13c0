import json

import pytest

from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.report.sections import answers
from nlgan_tf.pipeline.report.verdicts import Verdict


def verdicts(facts) -> tuple[Verdict, ...]:
    """How many labels are wrong, which ones, whether the classifier is trusted, and how training went."""
    (block,) = answers.blocks(facts)
    return tuple(block.verdicts)


def test_each_question_is_answered_from_the_runs_numbers(facts):
    how_many, which, trusted, training = verdicts(facts)
    # 4 labels of quality .2 and 36 of .9: 4 x .8 + 36 x .1 = 6.8 wrong.
    assert how_many.answer == "About 7 of 40 (17%)"
    assert which.answer == "4 labels are likelier wrong than right"
    assert "The truth is known here: " in which.detail
    # 205 of 216 right: the 95% interval begins at .911, above .9.
    assert (trusted.answer, trusted.advice) == ("A peer is better", "Take “SVC” for this data.")
    assert training.answer == "No: a generator has collapsed"


@pytest.mark.parametrize("recipe", ["paper", "literal"])
def test_labels_that_no_run_judged_are_judged_by_a_command(recipe, spoiled_run, spoiled_facts):
    (spoiled_run / "config.json").write_text(RunConfig(task="digits:5-vs-7", size=40, recipe=recipe).to_json())
    (spoiled_run / "posterior.npz").unlink()
    which = verdicts(spoiled_facts())[1]
    assert which.answer == "Not known label by label"
    assert which.advice == "nlgan-tf score --task digits:5-vs-7 judges every label."


def test_the_classifier_of_the_noisy_labels_is_the_rival_where_no_peer_is(spoiled_run, spoiled_facts):
    (spoiled_run / "metrics.json").write_text(json.dumps({"accuracy_nlgan": 0.8, "accuracy_noisy": 0.95}))
    trusted = verdicts(spoiled_facts())[2]
    assert trusted.advice == "Take “Classifier of the noisy labels” for this data."


def test_a_history_without_measures_is_judged_by_its_events_alone(spoiled_run, spoiled_facts):
    (spoiled_run / "history.csv").write_text("epoch,d_loss,event\n0,7.5,G_N has collapsed\n")
    training = verdicts(spoiled_facts())[3]
    assert training.detail == "Reported: G_N has collapsed."


def test_without_history_nothing_is_known_of_the_training(spoiled_run, spoiled_facts):
    (spoiled_run / "history.csv").unlink()
    assert verdicts(spoiled_facts())[3].answer == "Not known"


def test_without_the_data_neither_number_nor_labels_are_known(spoiled_run, spoiled_facts):
    (spoiled_run / "config.json").write_text(RunConfig(task="npz:/gone.npz", pi_p=0.7, pi_n=0.85).to_json())
    how_many, which, trusted, _ = verdicts(spoiled_facts())
    assert how_many.answer == "Not known without the data"
    assert which.detail == how_many.detail
    assert which.advice == ""
    # How many test images there were is not known, and no interval with it.
    assert trusted.detail.startswith("90.0% of the test images are classified rightly. Its best peer")
