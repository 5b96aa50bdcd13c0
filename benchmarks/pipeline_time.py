"""Wall time by phase and peak memory of whole runs, each in a process of its own.

    python benchmarks/pipeline_time.py --json results/pipeline_time.json
    python benchmarks/pipeline_time.py -- --task mnist:5,7-vs-2,4 --size 1000

Arguments after `--` are those of `nlgan-tf run`; without any the default run is timed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lines import writable

IMPORT = "import time; t = time.perf_counter(); import nlgan_tf.pipeline.run; print(time.perf_counter() - t)"


def measure(options: list[str]) -> dict:
    """Returns seconds by phase, the seconds of the whole process, and its peak memory in MB."""
    imported = subprocess.run([sys.executable, "-c", IMPORT], check=True, capture_output=True, text=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / "run"
        command = [sys.executable, "-m", "nlgan_tf.cli", "run", "--quiet", "--run-dir", str(run_dir), *options]
        start = time.perf_counter()
        subprocess.run(command, check=True)
        whole = time.perf_counter() - start
        # Linux counts in KiB: the largest of this program's children, which is the run.
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        # Imported after the run, since a child's peak includes its parent's memory at the fork.
        from nlgan_tf.pipeline.finished import FinishedRun

        phases = FinishedRun(run_dir).timings
    return {
        "options": options,
        "seconds": {"import": float(imported), **phases, "whole process": whole},
        "peak_mb": peak,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=writable, help="file to write")
    parser.add_argument("options", nargs="*", help="options of nlgan-tf run, after --")
    arguments = parser.parse_args()
    report = measure(arguments.options)
    print("| phase | seconds |", "|---|---|", sep="\n")
    for phase, seconds in report["seconds"].items():
        print(f"| {phase} | {seconds:.1f} |")
    print(f"\nPeak memory {report['peak_mb']:.0f} MB")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
