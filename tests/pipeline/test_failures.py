import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from nlgan_tf.pipeline.failures import python_errors
from nlgan_tf.training.distribution import Processes


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), errno.ENOSPC, "no space left on the disk"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), errno.EDQUOT, "the quota of disk space is used up"),
        (
            OSError("Can't write data (file write failed: errno = 27, error message = 'File too large')"),
            errno.EFBIG,
            "ulimit -f",
        ),
        (
            tf.errors.ResourceExhaustedError(None, None, "x: No space left on device"),
            errno.ENOSPC,
            "no space left",
        ),
    ],
)
def test_what_cannot_be_written_is_one_line_with_its_remedy(error, code, words):
    with pytest.raises(OSError, match=words) as found, python_errors(Path("my run"), Processes()):
        raise error
    assert found.value.errno == code
    assert str(found.value).endswith("continue by: nlgan-tf run --resume 'my run'")


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), RuntimeError("a bug of ours")])
def test_other_errors_stay_as_they_are(error):
    with pytest.raises(type(error)) as found, python_errors(Path("run"), Processes()):
        raise error
    assert found.value is error


@pytest.mark.slow
def test_a_limit_on_the_size_of_files_is_one_line_and_the_run_goes_on_afterwards(tmp_path):
    small = "--size 40 --folds 1 --refine-epochs 0 --epochs 1 --samples-per-epoch 64 --batch-size 32 --width 0.1"
    small += " --no-compare"
    small += " --classifier-epochs 1 --classifier-num-images 32 --classifier-samples-per-epoch 64"
    small += " --classifier-batch-size 32"
    command = [sys.executable, "-m", "nlgan_tf.cli", "run", *small.split(), "--run-dir", str(tmp_path / "run")]
    # 300 blocks of 1,024 bytes: less than a checkpoint takes.
    limited = subprocess.run(
        ["bash", "-c", 'ulimit -f 300; exec "$@"', "bash", *command], capture_output=True, text=True, check=False
    )
    assert limited.returncode == 2, limited.stderr
    assert "beyond the limit on the size of files (ulimit -f)" in limited.stderr
    assert "Traceback" not in limited.stderr
    resume = [sys.executable, "-m", "nlgan_tf.cli", "run", "--resume", str(tmp_path / "run")]
    resumed = subprocess.run(resume, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert resumed.returncode == 0, resumed.stderr
    assert not (tmp_path / "run" / "unfinished.json").exists()
