import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.config import StageOneConfig
from nlgan_tf.pipeline.clean_dataset import write_clean_dataset
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.folder import CHECKPOINTS, NLGAN_FILE
from nlgan_tf.pipeline.prepare import prepare_task

CONFIG = RunConfig(size=40)
METRICS = {"accuracy_served": 0.9, "accuracy_nlgan": 0.85, "peers": {"svc": 0.95, "early-stopped": 0.8}}
HISTORY = """\
epoch,d_loss,gp_loss,gn_loss,d_noisy_p,d_noisy_n,d_fake_p,d_fake_n,noisy_accuracy,diversity_p,diversity_n,event
0,7.5,0.6,0.6,0.4,0.6,0.3,0.7,0.7,0.9,0.8,
1,7.0,0.5,0.5,0.3,0.7,0.2,0.7,0.75,0.05,0.8,"G_P has collapsed: its images differ 0.050 times, as told (epoch 2)"
"""


@pytest.fixture(scope="session")
def judged_run(tmp_path_factory) -> Path:
    """A finished run's folder with all that a page shows; nothing in it was trained."""
    folder = tmp_path_factory.mktemp("judged") / "run <1>"
    (folder / CHECKPOINTS).mkdir(parents=True)
    model = nl.build_nlgan((16, 16, 1), CONFIG.priors, StageOneConfig(width=0.1))
    model.save(folder / NLGAN_FILE)
    write_clean_dataset(folder, *model.hallucinate(10, seed=0), ("two & four", "<b>five</b>"), {})
    noisy = prepare_task(CONFIG).noisy_labels
    # Of 40 labels 4 positives have quality .2, and all others .9.
    posterior = np.where(noisy == 1, 0.9, 0.1)
    posterior[np.flatnonzero(noisy == 1)[:4]] = 0.2
    np.savez(folder / "posterior.npz", originals=posterior.astype(np.float32), drawn=np.ones(10, np.float32))
    (folder / "config.json").write_text(CONFIG.to_json())
    (folder / "metrics.json").write_text(json.dumps({**METRICS, "settings": {}}))
    (folder / "timings.json").write_text(json.dumps({"data": 1.5, "stage_one": 2.0}))
    (folder / "history.csv").write_text(HISTORY)
    version = folder / "saved_models" / "classifier" / "1"
    version.mkdir(parents=True)
    (version / "manifest.json").write_text(json.dumps({"versions": {"keras": "9.9.9"}}))
    return folder


@pytest.fixture
def spoiled_run(judged_run, tmp_path) -> Path:
    """A copy, to spoil."""
    return Path(shutil.copytree(judged_run, tmp_path / "run"))
