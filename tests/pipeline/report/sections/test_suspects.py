import numpy as np

from nlgan_tf.pipeline.report.blocks import Command, Gallery, Text
from nlgan_tf.pipeline.report.sections import suspects


def test_the_worst_labels_come_first(facts):
    _, gallery, _ = suspects.blocks(facts)
    lines = [text for _, text in gallery.items]
    assert len(lines) == suspects.SHOWN == 24
    assert [quality for _, quality, _ in lines] == ["quality 0.20"] * 4 + ["quality 0.90"] * 20
    changes = [change for change, _, _ in lines]
    assert changes[:4] == ["<b>five</b> → two & four"] * 4
    assert {*changes[4:]} <= {"<b>five</b>, kept", "two & four, kept"}


def test_each_picture_is_named_by_what_is_below_it(facts):
    (picture, (_, _, name)), *_ = suspects.blocks(facts)[1].items
    number = int(name.removeprefix("index "))
    assert picture.alt == f"Image {number}, given as <b>five</b>, likelier two & four"
    doubtful = np.flatnonzero(facts.task.noisy_labels == 1)[:4]
    assert number in doubtful


def test_a_legend_comes_before_and_the_command_for_all_labels_after(facts, judged_run):
    legend, gallery, command = suspects.blocks(facts)
    assert legend.text.startswith("The 24 most doubtful of 40 labels, the worst first: ")
    assert isinstance(gallery, Gallery)
    assert isinstance(command, Command)
    assert command.command == f"nlgan-tf score --run '{judged_run}' --out scores.csv --corrected corrected.csv"


def test_without_a_posterior_the_reason_is_all(spoiled_run, spoiled_facts):
    (spoiled_run / "posterior.npz").unlink()
    facts = spoiled_facts()
    (text,) = suspects.blocks(facts)
    assert text == Text(facts.reasons["scored"])
    assert "posterior.npz" in text.text
