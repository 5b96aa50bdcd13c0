"""The combinations of a grid, run in parallel by joblib, into one results file."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path

import joblib

from nlgan_tf.data.sources import load_task
from nlgan_tf.errors import InputError, MissingPackage
from nlgan_tf.pipeline.prepare import noisy_task
from nlgan_tf.reproduce.grid import Combination, Options, run_config
from nlgan_tf.reproduce.methods import METHODS
from nlgan_tf.reproduce.results import ResultsFile, split_parts
from nlgan_tf.training.signals import advised

POLL_SECONDS = 1.0
# A function of each finished combination, and of its record or its error.
Report = Callable[[Combination, dict | Exception], None]


# In place of the advice of a single run, whose folder may be deleted.
@advised("the same command continues; without --keep, combinations under way begin anew")
def run_grid(
    combinations: Sequence[Combination],
    results: ResultsFile,
    options: Options,
    jobs: int = 1,
    report: Report = lambda *_: None,
) -> list[Combination]:
    """Runs combinations that the results file does not have, in their order, until the file has all of them.

    A combination that another process on the same file runs is left to that process, and taken over if the process ends
    without a record. A combination that fails does not stop the others.

    Args:
        combinations: Combinations that the file is to have.
        results: File for each record, written as soon as the combination is finished.
        options: Settings of all combinations.
        jobs: Number of combinations side by side, as joblib's `n_jobs`. Combinations run on joblib's backend, so that
            `joblib.parallel_config` moves them to a cluster.
        report: Function that is called after each combination; an error has its traceback as `traceback_text`.

    Returns:
        The combinations that failed.

    Raises:
        InputError: For a results file that cannot be read, or jobs that are not accepted.
        ConnectionError: If a worker was killed; the file has the records of finished combinations.
        Stopped: On SIGTERM or SIGINT within a training of NL-GAN, a KeyboardInterrupt.
    """
    _share_device(check_jobs(jobs))
    failed: list[Combination] = []
    while pending := _missing(combinations, results, failed):
        ran = 0
        try:
            for combination, outcome in _run_unclaimed(pending, results, options, jobs):
                ran += 1
                if isinstance(outcome, Exception):
                    failed.append(combination)
                report(combination, outcome)
        except BrokenExecutor as error:
            raise ConnectionError(
                "a worker was killed, perhaps for want of memory: the same command continues; fewer --jobs may help"
            ) from error
        if not ran:  # Other processes run all that is left.
            time.sleep(POLL_SECONDS)
    return failed


def check_runnable(combinations: Sequence[Combination], options: Options) -> None:
    """Checks before hours of work that all combinations can be run.

    Raises:
        InputError: For a task that is unknown, has no test images, is too small for a size, or whose share of
            positives contradicts a pi; for a method whose library is not installed, or whose features are not given.
        OSError: For missing data, missing features, or a folder of `options.keep` that cannot be written.
    """
    for method in dict.fromkeys(combination.method for combination in combinations):
        if METHODS[method].library is not None:
            _check_installed(METHODS[method].library)
        if METHODS[method].frozen and options.features is None:
            raise InputError(f"Expected --features for the method {method}, got none")
    if options.features is not None and options.features.endswith(".keras"):
        Path(options.features).expanduser().stat()
    for task in dict.fromkeys(combination.task for combination in combinations):
        whole = load_task(task, data_dir=options.data_dir)
        if whole.test_images is None or whole.labels is None:
            raise InputError(f"Expected a task with true labels and test images, got {task!r} without")
        if whole.noisy_labels is not None:
            raise InputError(f"Expected a task with true labels alone, got {task!r} with noisy labels of its own")
        one_a_cell = {combination.cell: combination for combination in combinations if combination.task == task}
        for combination in one_a_cell.values():
            noisy_task(whole, run_config(combination, options))


def _check_installed(library: str) -> None:
    if importlib.util.find_spec(library) is None:
        raise MissingPackage(f"Expected the package {library}, got none: pip install 'nlgan-tf[baselines]'")


def _missing(
    combinations: Sequence[Combination], results: ResultsFile, failed: Sequence[Combination]
) -> list[Combination]:
    done = results.read()
    return [combination for combination in combinations if combination not in done and combination not in failed]


def _run_unclaimed(
    pending: Sequence[Combination], results: ResultsFile, options: Options, jobs: int
) -> Iterator[tuple[Combination, dict | Exception]]:
    claims: dict[Combination, contextlib.ExitStack] = {}

    def tasks() -> Iterator:
        for combination in pending:
            claim = results.claim(combination)
            if claim is not None:
                claims[combination] = claim
                yield joblib.delayed(_attempt)(combination, options, os.getpid())

    # One at a time: a claimed combination runs, or is among the next few, which joblib takes when one ends.
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")
    try:
        for combination, outcome in parallel(tasks()):
            if not isinstance(outcome, Exception):
                results.append(*split_parts(outcome))
            claims.pop(combination).close()
            yield combination, outcome
    finally:
        for claim in claims.values():
            claim.close()


def _attempt(combination: Combination, options: Options, started_by: int) -> tuple[Combination, dict | Exception]:
    """Runs one combination in a worker; workers alone import TensorFlow."""
    if os.getppid() == started_by:
        _end_with(started_by)
    from nlgan_tf.reproduce.measure import measure

    try:
        return combination, measure(combination, options)
    except Exception as error:
        # As text, since a traceback does not go to another process or machine.
        error.traceback_text = traceback.format_exc()
        return combination, error


@functools.cache
def _end_with(parent: int) -> None:
    """Ends this worker soon after its parent was killed; without a parent the worker would train for nobody."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def check_jobs(jobs: int) -> int:
    """Returns `jobs` where joblib accepts it as `n_jobs`; InputError for 0."""
    if jobs == 0:
        raise InputError("Expected jobs to be at least 1, or -1 for one a core; got 0")
    return jobs


def _share_device(jobs: int) -> None:
    """Limits TensorFlow to each worker's share of the cores and of a GPU's memory; joblib does not limit TensorFlow."""
    workers = joblib.effective_n_jobs(jobs)
    if workers > 1:
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
        threads = str(max(1, (os.cpu_count() or 1) // workers))
        for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
            os.environ.setdefault(variable, threads)
