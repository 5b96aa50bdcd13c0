"""Runs the combinations of a grid, in parallel by joblib, into one results file."""

from __future__ import annotations

import functools
import importlib.util
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor

import joblib
from filelock import FileLock

from nlgan_tf.data.sources import load_task
from nlgan_tf.errors import InputError
from nlgan_tf.pipeline.prepare import noisy_task
from nlgan_tf.reproduce.grid import Combination, Options, run_config
from nlgan_tf.reproduce.methods import METHODS
from nlgan_tf.reproduce.results import ResultsFile
from nlgan_tf.training.signals import advised

POLL_SECONDS = 1.0
# Called with each finished combination, and its record or what went wrong.
Report = Callable[[Combination, dict | Exception], None]


# In place of a run's own advice, whose folder may be gone.
@advised("the same command goes on; without --keep, what was under way begins anew")
def run_grid(
    combinations: Sequence[Combination],
    results: ResultsFile,
    options: Options,
    jobs: int = 1,
    report: Report = lambda *_: None,
) -> list[Combination]:
    """Runs, in their order, what the results file does not have yet; returns when it has all of them.

    Combinations that another process on the same file has in hand are left to it, and taken over if it ends
    without having finished them. One that fails does not stop the others.

    Args:
        combinations: what the file is to hold.
        results: where each record goes as soon as it is there.
        options: of all combinations.
        jobs: how many run side by side, as joblib's `n_jobs`; where they run is joblib's backend, so that
            `joblib.parallel_config` carries them to a cluster.
        report: called after each combination; an error has its traceback as `traceback_text`.

    Returns:
        The combinations that failed.

    Raises:
        InputError: for a results file that cannot be read, or jobs that are not accepted.
        ConnectionError: if a worker was killed; what had finished is in the file.
        Stopped: on SIGTERM or SIGINT within a training of the paper's model, a KeyboardInterrupt.
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
                "a worker was killed, perhaps for want of memory: start again to go on, with fewer jobs if need be"
            ) from error
        if not ran:  # All that is left is in the hands of other processes.
            time.sleep(POLL_SECONDS)
    return failed


def check_runnable(combinations: Sequence[Combination], options: Options) -> None:
    """Finds out before hours of work whether it can be done.

    Raises:
        InputError: for a task that is unknown, has no test images, is too small for a size, or whose share of
            positives cannot go with a pi.
        FileNotFoundError: for data that are not there.
        ImportError: for a method whose library is not installed.
    """
    if any(combination.method.startswith("cleanlab") for combination in combinations):
        _check_installed("cleanlab")
    for task in dict.fromkeys(combination.task for combination in combinations):
        whole = load_task(task, data_dir=options.data_dir)
        on_task = [combination for combination in combinations if combination.task == task]
        if whole.image_shape[-1] > 1 and not all(METHODS[combination.method].fits for combination in on_task):
            _check_installed("skimage")  # for HOG
        if whole.test_images is None or whole.labels is None:
            raise InputError(f"task {task!r} has no true labels to measure by: accepted are tasks with test images")
        if whole.noisy_labels is not None:
            raise InputError(
                f"task {task!r} brings noisy labels: accepted are tasks whose true ones are made wrong here"
            )
        one_a_cell = {combination.cell: combination for combination in on_task}
        for combination in one_a_cell.values():
            noisy_task(whole, run_config(combination, options))


def _check_installed(library: str) -> None:
    if importlib.util.find_spec(library) is None:
        raise ImportError(f"{library} must be installed: pip install 'nlgan-tf[baselines]'")


def _missing(
    combinations: Sequence[Combination], results: ResultsFile, failed: Sequence[Combination]
) -> list[Combination]:
    done = results.read()
    return [combination for combination in combinations if combination not in done and combination not in failed]


def _run_unclaimed(
    pending: Sequence[Combination], results: ResultsFile, options: Options, jobs: int
) -> Iterator[tuple[Combination, dict | Exception]]:
    claims: dict[Combination, FileLock] = {}

    def tasks() -> Iterator:
        for combination in pending:
            claim = results.claim(combination)
            if claim is not None:
                claims[combination] = claim
                yield joblib.delayed(_attempt)(combination, options, os.getpid())

    # One at a time: what is claimed runs, or is among the next few, which joblib takes when one ends.
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")
    try:
        for combination, outcome in parallel(tasks()):
            if not isinstance(outcome, Exception):
                results.append(outcome)
            claims.pop(combination).release()
            yield combination, outcome
    finally:
        for claim in claims.values():
            claim.release()


def _attempt(combination: Combination, options: Options, started_by: int) -> tuple[Combination, dict | Exception]:
    """Runs in a worker, which alone imports TensorFlow."""
    if os.getppid() == started_by:
        _end_with(started_by)
    from nlgan_tf.reproduce.measure import measure

    try:
        return combination, measure(combination, options)
    except Exception as error:
        # As text: where it goes, to another process or machine, the traceback itself does not.
        error.traceback_text = traceback.format_exc()
        return combination, error


@functools.cache
def _end_with(parent: int) -> None:
    """Ends this worker soon after its parent was killed: it would work on for hours, and for nobody."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def check_jobs(jobs: int) -> int:
    """`jobs` as joblib's `n_jobs` may be; InputError for 0."""
    if jobs == 0:
        raise InputError("jobs=0 is out of range: accepted are 1 and more, or -1 for one a core")
    return jobs


def _share_device(jobs: int) -> None:
    """Each worker its share of the cores and of a GPU's memory, in TensorFlow, which joblib does not know of."""
    workers = joblib.effective_n_jobs(jobs)
    if workers > 1:
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
        threads = str(max(1, (os.cpu_count() or 1) // workers))
        for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
            os.environ.setdefault(variable, threads)
