from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.finished import FinishedRun
from nlgan_tf.pipeline.report.facts import RunFacts


def test_all_that_a_whole_run_has(judged_run):
    facts = RunFacts(FinishedRun(judged_run))
    positives, negatives = facts.counts
    assert positives + negatives == len(facts.task.images) == len(facts.scored.quality) == 40
    assert facts.judges_originals
    assert facts.class_names == ("two & four", "<b>five</b>")
    assert facts.reasons == {}


def test_a_part_that_cannot_be_read_is_none_and_has_its_reason(spoiled_run):
    (spoiled_run / "posterior.npz").unlink()
    facts = RunFacts(FinishedRun(spoiled_run))
    assert facts.part("posterior") is None
    assert facts.scored is None
    assert "posterior.npz" in facts.reasons["posterior"]
    assert facts.reasons["scored"] == facts.reasons["posterior"]
    assert facts.reasons["scored"].endswith(".")
    assert facts.counts is not None


def test_without_the_data_there_are_neither_counts_nor_scores(spoiled_run):
    (spoiled_run / "config.json").write_text(RunConfig(task="npz:/gone.npz", pi_p=0.7, pi_n=0.85).to_json())
    facts = RunFacts(FinishedRun(spoiled_run))
    assert (facts.task, facts.counts, facts.scored) == (None, None, None)
    assert facts.without_data.startswith("The images of npz:/gone.npz cannot be read again: Expected npz:PATH")
    assert facts.reasons["scored"] == facts.without_data
