"""A RunConfig -> both stages -> a run folder."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import numpy as np

from nlgan_tf.compat.gradients import freed_graphs
from nlgan_tf.config import check_kind
from nlgan_tf.errors import InputError
from nlgan_tf.files import check_no_pattern, empty, read_json, write_text
from nlgan_tf.pipeline import folder as run_folder
from nlgan_tf.pipeline.accuracies import by_name, titles
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.finished import FinishedRun
from nlgan_tf.pipeline.lifecycle import RunResult
from nlgan_tf.pipeline.phases import PhasedRun
from nlgan_tf.pipeline.prepare import prepare_task
from nlgan_tf.pipeline.report.page import render
from nlgan_tf.training.distribution import Processes, make_strategy


def run(config: RunConfig, verbose: int = 1) -> RunResult:
    """Runs both stages and writes the run folder.

    The folder holds config.json, metrics.json, timings.json, history.csv, samples.png, interpolation.png,
    neighbours.png, clean_dataset.npz with its manifest, checkpoints/ and saved_models/<model>/1/; with estimated priors
    priors.json and priors.png too; run.log, what the run said, with times; and report.html, the page to open. Until the
    end it also holds unfinished.json: `resume` continues such a run.

    Args:
        config: Settings of the run.
        verbose: Verbosity: 0 prints nothing, 1 a line a phase and an epoch; run.log has these lines in any case.

    Raises:
        InputError: For input that is not accepted.
        OSError: If the folder exists or cannot be written.
        ConnectionError: If another machine was lost.
        NonFiniteError: If training diverged.
        Stopped: On SIGTERM or SIGINT, a KeyboardInterrupt; what was done is saved.
    """
    check_kind(config, RunConfig)
    config = config.with_absolute_paths()
    strategy = make_strategy(config.strategy, config.devices)
    processes = Processes(strategy)
    if processes.several and config.run_dir is None:
        raise InputError("Expected run_dir on several machines, a folder that all of them see; got none")
    if not processes.chief:
        # The chief makes the folder before the others read it.
        return PhasedRun(config, run_folder.given(config), strategy, verbose).resume()
    with run_folder.claimed_for(config) as run_dir:
        phased = PhasedRun(config, run_dir, strategy, verbose)
        return _reported(phased, phased.start())


def resume(
    run_dir: str | os.PathLike,
    verbose: int = 1,
    strategy: str | None = None,
    devices: str | None = None,
) -> RunResult:
    """Continues a run from its last checkpoint; a finished run is returned as it is.

    Args:
        run_dir: Folder of the run.
        verbose: Verbosity, as in `run`.
        strategy, devices: Devices to go on with; by default those that the run began with.

    Raises:
        InputError: For a folder that holds no run, or whose configuration or data changed; else as `run`.
    """
    run_dir = check_no_pattern(Path(run_dir).expanduser().absolute())
    if not (run_dir / run_folder.CONFIG).is_file():
        raise InputError(f"Expected a run folder to resume, got {run_dir} without {run_folder.CONFIG}")
    if run_folder.is_finished(run_dir):
        return RunResult(run_dir, read_json(run_dir / run_folder.METRICS))
    config = RunConfig.of_run((run_dir / run_folder.CONFIG).read_text(encoding="utf-8"))
    if strategy is not None or devices is not None:
        config = dataclasses.replace(config, strategy=strategy or "auto", devices=devices)
    phased = PhasedRun(config, run_dir, make_strategy(config.strategy, config.devices), verbose)
    return _reported(phased, phased.resume())


@freed_graphs()
def _reported(phased: PhasedRun, result: RunResult) -> RunResult:
    """Writes the report of a finished run on the chief's machine; one that cannot be written is told of, no more."""
    if result.metrics:
        try:
            run = FinishedRun(result.run_dir, phased.config.data_dir, nlgan=phased.model, task=phased.task)
            write_text(result.run_dir / run_folder.REPORT, render(run))
        except Exception as error:  # Whatever matplotlib, its fonts or the disk may raise: the run is done.
            phased.say(f"{run_folder.REPORT} is left out: {type(error).__name__}: {error}")
        found = by_name(result.metrics)
        for name, title in titles(found).items():
            phased.log.add(f"Accuracy on clean test labels: {found[name]:.3f}, {title}")
    return result


def run_seeds(config: RunConfig, count: int, verbose: int = 1) -> list[RunResult]:
    """Runs `count` seeds from `config.seed` on, each in a folder seed-K of the run folder.

    Raises:
        InputError: For a count below 1, several machines, and as `run`.
    """
    check_kind(config, RunConfig)
    if count < 1:
        raise InputError(f"Expected seeds to be at least 1, got {count}")
    if Processes(make_strategy(config.strategy, config.devices)).several:
        raise InputError(f"Expected one seed a run on several machines, got seeds={count}")
    with run_folder.claimed_for(config) as run_dir:
        prepare_task(config)
        empty(run_dir)
    base = dataclasses.replace(config.with_absolute_paths(), run_dir=None, overwrite=False)
    seeds = {"count": count, "config": dataclasses.asdict(base)}
    write_text(run_dir / run_folder.SEEDS, json.dumps(seeds, indent=2) + "\n")
    return resume_seeds(run_dir, verbose)


def resume_seeds(
    run_dir: str | os.PathLike, verbose: int = 1, strategy: str | None = None, devices: str | None = None
) -> list[RunResult]:
    """Continues what `run_seeds` began: finished seeds are taken as they are.

    Raises:
        InputError: For a folder that holds no seeds, and as `resume`.
    """
    run_dir = Path(run_dir).expanduser().absolute()
    seeds = read_json(run_dir / run_folder.SEEDS)
    base = RunConfig.of_run(json.dumps(seeds["config"]))
    results = []
    for seed in range(base.seed, base.seed + seeds["count"]):
        folder = run_dir / f"seed-{seed}"
        if (folder / run_folder.CONFIG).exists():
            results.append(resume(folder, verbose, strategy, devices))
        else:
            results.append(run(dataclasses.replace(base, seed=seed, run_dir=str(folder), overwrite=True), verbose))
    summary = {name: {"mean": mean, "std": std} for name, (mean, std) in summarise(results).items()}
    write_text(run_dir / run_folder.SUMMARY, json.dumps(summary, indent=2) + "\n")
    return results


def holds_seeds(run_dir: str | os.PathLike) -> bool:
    """Whether `run_seeds` wrote the folder."""
    return (Path(run_dir).expanduser() / run_folder.SEEDS).is_file()


def summarise(results: list[RunResult]) -> dict[str, tuple[float, float]]:
    """Mean and (sample) standard deviation over runs of each accuracy that all of them have; peers as "peers.NAME"."""
    runs = [by_name(result.metrics) for result in results]
    names = [name for name in runs[0] if all(name in run for run in runs)]
    table = {name: [run[name] for run in runs] for name in names}
    spread = {name: np.std(values, ddof=1) if len(values) > 1 else 0.0 for name, values in table.items()}
    return {name: (float(np.mean(values)), float(spread[name])) for name, values in table.items()}
