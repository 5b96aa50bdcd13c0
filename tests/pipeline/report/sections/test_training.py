import base64

from nlgan_tf.pipeline.report.blocks import Figures, Text
from nlgan_tf.pipeline.report.sections import training

COLLAPSE = "G_P has collapsed: its images differ 0.050 times, as told (epoch 2)"


def pictures(blocks) -> list[str]:
    """Alternative texts of all figures."""
    return [picture.alt for block in blocks if isinstance(block, Figures) for picture, _ in block.items]


def test_three_curves_a_histogram_and_the_events(facts):
    event, figures = training.blocks(facts)
    assert event == Text(COLLAPSE)
    outputs, losses, signs, histogram = pictures([figures])
    assert outputs == (
        "D's mean output by epoch, 2 in all; after the last: noisy positives 0.30, drawn positives 0.20, "
        "noisy negatives 0.70, drawn negatives 0.70"
    )
    assert losses == "Losses by epoch, 2 in all; after the last: D 7.00, G_P 0.50, G_N 0.50"
    assert signs.endswith("D agrees with labels 0.75, diversity, positives 0.05, diversity, negatives 0.80")
    assert histogram.startswith("Histogram of D's outputs: mean ")


def test_levels_are_the_deltas_and_what_a_perfect_d_agrees_with(facts):
    _, figures = training.blocks(facts)
    outputs, _, signs, _ = (base64.b64decode(picture.source.partition(",")[2]).decode() for picture, _ in figures.items)
    # Eq. (3) at pi = (.7, .85): (.176, .739).
    assert "delta_P = 0.18" in outputs
    assert "delta_N = 0.74" in outputs
    assert "a perfect D" in signs


def test_a_history_of_losses_alone_has_one_curve(spoiled_run, spoiled_facts):
    (spoiled_run / "history.csv").write_text("epoch,d_loss\n0,7.5\n")
    (spoiled_run / "checkpoints" / "nlgan.keras").unlink()
    lost, figures = training.blocks(spoiled_facts())
    assert lost.text.startswith("D's histogram is left out: Expected a finished run's checkpoints/nlgan.keras")
    assert pictures([figures]) == ["Losses by epoch, 1 in all; after the last: D 7.50"]


def test_without_history_its_reason_takes_the_place_of_the_curves(spoiled_run, spoiled_facts):
    (spoiled_run / "history.csv").unlink()
    lost, figures = training.blocks(spoiled_facts())
    assert lost.text.startswith("Learning curves are left out: ")
    assert "history.csv" in lost.text
    assert len(figures.items) == 1
