import pytest

from nlgan_tf.pipeline.finished import FinishedRun
from nlgan_tf.pipeline.report.facts import RunFacts


@pytest.fixture
def facts(judged_run) -> RunFacts:
    return RunFacts(FinishedRun(judged_run))


@pytest.fixture
def spoiled_facts(spoiled_run):
    """Function to the facts of `spoiled_run`, read when they are asked for."""
    return lambda: RunFacts(FinishedRun(spoiled_run))
