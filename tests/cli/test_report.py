import json

import numpy as np
import pytest
from click.testing import CliRunner

from nlgan_tf.cli.report import report


@pytest.fixture
def whole_run(run_dir):
    """The run of `run_dir` on data that are gone."""
    config = json.loads((run_dir / "config.json").read_text())
    (run_dir / "config.json").write_text(json.dumps({**config, "task": "npz:/gone.npz"}))
    np.savez(run_dir / "posterior.npz", originals=np.ones(10, np.float32), drawn=np.ones(10, np.float32))
    (run_dir / "timings.json").write_text(json.dumps({"data": 1.5}))
    (run_dir / "history.csv").write_text("epoch,d_loss,event\n0,2.5,\n")
    return run_dir


def test_the_page_is_named_as_the_thing_to_open(whole_run, tmp_path):
    done = CliRunner().invoke(report, [str(whole_run)], catch_exceptions=False)
    assert done.output == f"Open {whole_run / 'report.html'}\n"
    assert (whole_run / "report.html").read_text().endswith("</html>\n")
    CliRunner().invoke(report, [str(whole_run), "--out", str(tmp_path / "page.html")], catch_exceptions=False)
    assert (tmp_path / "page.html").read_bytes() == (whole_run / "report.html").read_bytes()


def test_what_cannot_be_written_or_read_is_refused(whole_run, tmp_path, refused):
    (tmp_path / "page.html").write_text("mine")
    refused(
        ["report", str(whole_run), "--out", str(tmp_path / "page.html")],
        "page.html, which exists: --overwrite replaces it",
    )
    assert (tmp_path / "page.html").read_text() == "mine"
    refused(["report", str(whole_run), "--out", str(tmp_path)], "Expected a file to write, got")
    refused(["report", str(tmp_path / "none")], "Expected a run folder, got")
    (whole_run / "clean_dataset.npz").write_bytes(b"torn")
    refused(["report", str(whole_run)], "clean_dataset.npz")
    assert not (whole_run / "report.html").exists()
    (whole_run / "unfinished.json").write_text("{}")
    refused(["report", str(whole_run)], "Expected a finished run, got")
