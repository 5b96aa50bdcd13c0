import dataclasses
import json

import pytest

from helpers.runs import CONFIG
from nlgan_tf.export.servable import compute_dtype
from nlgan_tf.pipeline import run as pipeline
from nlgan_tf.pipeline.finished import FinishedRun


@pytest.mark.slow
def test_a_run_in_bfloat16_exports_float32(tmp_path, capsys):
    config = dataclasses.replace(CONFIG, precision="bfloat16", run_dir=str(tmp_path / "run"), compare=False)
    result = pipeline.run(config)
    assert "Precision: bfloat16, as asked; weights and exports are float32" in capsys.readouterr().out
    assert result.metrics["precision"] == "bfloat16"
    run = FinishedRun(result.run_dir)
    assert compute_dtype(run.nlgan().discriminator) == "bfloat16"
    assert compute_dtype(run.classifier()) == "float32"
    versions = list((result.run_dir / "saved_models").glob("*/1"))
    assert len(versions) == 3
    for version in versions:
        assert json.loads((version / "manifest.json").read_text())["compute_dtype"] == "float32"
