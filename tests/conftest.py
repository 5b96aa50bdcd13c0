"""Shared by the tests: small models on small images, and the data sets that TensorFlow Datasets stores."""

from __future__ import annotations

import functools
import gc
import itertools
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

# Beside another worker of pytest-xdist threads would only wait for each other, in subprocesses too.
if "PYTEST_XDIST_WORKER" in os.environ:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ.setdefault(name, "1")
    # Coverage is that of the workers: tracing makes the import of TensorFlow in a subprocess take half as long again.
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)

import numpy as np
import pytest
from filelock import FileLock
from xdist.scheduler import LoadScopeScheduling

from helpers import ROOT
from nlgan_tf.compat.installed import STACK

PRIORS = (0.7, 0.85)
# Folders whose subjects collect garbage once a trial or cell: keras-tuner, and the grid by Keras.
COLLECTING = {"tuning", "reproduce"}
# Marks of the tests that take longer, or need data.
LATER = ("slow", "real_data", "soak")
# Files whose marked tests take a minute or more, the longest first, so that all workers end at about the same time.
LONGEST = (
    "pipeline/test_survival.py",
    "pipeline/test_phases.py",
    "pipeline/test_run.py",
    "pipeline/test_resume.py",
    "training/test_distribution.py",
    "reproduce/test_measure.py",
    "reproduce/test_table1.py",
    "tuning/test_search.py",
    "test_notebooks.py",
    "test_benchmarks.py",
    "export/test_publish.py",
    "test_readme.py",
    "training/test_fit.py",
    "noise_rates/test_callback.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        marker = item.get_closest_marker("stack")
        if marker and marker.args != (STACK,):
            item.add_marker(pytest.mark.skip(reason=f"{marker.args[0]} stack alone: {marker.kwargs['reason']}"))
    # Unmarked tests first; then the files with the longest marked ones, then those with the most.
    marked = {item: any(map(item.get_closest_marker, LATER)) for item in items}
    many = Counter(item.path for item in items if marked[item])
    place = {ROOT / "tests" / name: number for number, name in enumerate(LONGEST)}

    def order(item: pytest.Item) -> tuple:
        path = item.path
        return (True, place.get(path, len(place)), -many[path], path) if marked[item] else (False,)

    items.sort(key=order)


class FilesInParts(LoadScopeScheduling):
    """What a module's fixtures make is made once: one worker runs all unmarked tests of a file, or all others.

    The groups of pytest-xdist 3.8, which would say the same, have no effect under pytest 9.2.
    """

    @functools.cached_property
    def parts(self) -> dict[str, str]:
        """Scope of each test: its file, and whether its row of tests is the first of the file."""
        scopes, rows = {}, Counter()
        for file, row in itertools.groupby(self.collection, lambda nodeid: nodeid.partition("::")[0]):
            rows[file] += 1
            scopes |= dict.fromkeys(row, f"{file}, {rows[file]}")
        return scopes

    def _split_scope(self, nodeid: str) -> str:
        return self.parts[nodeid]


def pytest_collection_finish() -> None:
    """Leaves what is imported out of the garbage collector's searches: a tenth of the time of building a graph."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def earlier_files_are_not_searched(request: pytest.FixtureRequest) -> None:
    """Leaves what the files before made out of the garbage collection of each trial and cell.

    After a thousand tests one collection takes seconds.
    """
    if COLLECTING.intersection(request.path.parts):
        gc.freeze()


def pytest_xdist_make_scheduler(config: pytest.Config, log) -> FilesInParts:
    return FilesInParts(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Ends the measurement of coverage where the marked tests of this process begin.

    Tracing slows down the building of TensorFlow's graphs. The unmarked tests alone have to reach the share of covered
    lines.
    """
    if any(map(item.get_closest_marker, LATER)) and (coverage := sys.modules.get("coverage")):
        measuring = coverage.Coverage.current()
        if measuring:
            measuring.stop()
            # At once: what a worker would save at its end was once lost.
            measuring.save()


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Makes a folder by a function of its path, once for all workers; who changes the folder copies it first."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder, complete = base / name, base / f"{name}.complete"
        with FileLock(base / f"{name}.lock"):
            if not complete.exists():
                shutil.rmtree(folder, ignore_errors=True)
                make(folder)
                complete.touch()
        return folder

    return made


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def images(rng) -> np.ndarray:
    """40 uint8 images of 8x8x1."""
    return rng.integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)


@pytest.fixture
def labels() -> np.ndarray:
    return np.tile([1, 0], 20)


@pytest.fixture(scope="session")
def tiny_model():
    """Builds a compiled NLGAN of 8x8 images, with every random part switched on by default."""
    from nlgan_tf.config import StageOneConfig
    from nlgan_tf.data.noise import NoisePriors
    from nlgan_tf.models import build_nlgan

    def build(seed: int = 0, **settings):
        config = StageOneConfig(**{"width": 0.1, "spectral_layers": "all", "translation": 0.25, **settings})
        return build_nlgan((8, 8, 1), NoisePriors(*PRIORS), config, seed)

    return build


@pytest.fixture(scope="session")
def exported_base(tmp_path_factory) -> Path:
    """BASE with a classifier of 8x8 images (negative "ham", positive "spam") and a generator, each in version 1."""
    import nlgan_tf as nl
    from helpers.brightness import brightness_confidence

    base = tmp_path_factory.mktemp("base")
    settings = {"served_from": str(base)}
    nl.export_classifier(nl.build_classifier((8, 8, 1), width=0.1), base, ("ham", "spam"), **settings)
    generator = nl.build_generator((8, 8, 1), latent_dim=7, width=0.1)
    settings |= {"stream": 1, "confidence": brightness_confidence}
    nl.export_generator(generator, base, "positive_generator", **settings)
    return base


@pytest.fixture(scope="session")
def untrained_run(tmp_path_factory) -> Path:
    """A run folder as `run` leaves it, less what an export does not read; nothing in it was trained."""
    import nlgan_tf as nl
    from nlgan_tf.config import StageOneConfig
    from nlgan_tf.pipeline.clean_dataset import write_clean_dataset
    from nlgan_tf.pipeline.config import RunConfig
    from nlgan_tf.pipeline.export_run import run_source, write_run_manifest
    from nlgan_tf.pipeline.folder import CHECKPOINTS, CLASSIFIER_FILE, NLGAN_FILE

    folder = tmp_path_factory.mktemp("untrained") / "run"
    (folder / CHECKPOINTS).mkdir(parents=True)
    model = nl.build_nlgan((8, 8, 1), nl.NoisePriors(*PRIORS), StageOneConfig(width=0.1))
    model.save(folder / NLGAN_FILE)
    nl.build_classifier((8, 8, 1), width=0.1).save(folder / CLASSIFIER_FILE)
    write_clean_dataset(folder, *model.hallucinate(10, seed=0), ("ham", "spam"), {})
    (folder / "config.json").write_text(RunConfig().to_json())
    metrics = {"accuracy_nlgan": 0.9, "settings": {}}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    write_run_manifest(folder, run_source(json.loads(RunConfig().to_json()), metrics))
    return folder


@pytest.fixture
def run_dir(untrained_run, tmp_path) -> Path:
    """A copy of that run folder, to spoil."""
    return Path(shutil.copytree(untrained_run, tmp_path / "run"))


@pytest.fixture
def refused(monkeypatch, capsys):
    """Runs the command line, which must end with exit code 2 and one line that holds the message."""
    from nlgan_tf.cli import main

    def run(arguments: list[str], message: str) -> None:
        monkeypatch.setattr(sys, "argv", ["nlgan-tf", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        error = capsys.readouterr().err
        assert stopped.value.code == 2
        assert message in error
        assert error.count("\n") == 1

    return run


@pytest.fixture(scope="session")
def tfds_dir() -> str:
    """Where MNIST and CIFAR-10 lie; a real_data test without them fails, rather than pass unseen."""
    folder = os.environ.get("TFDS_DATA_DIR", "../shared/data/tfds")
    assert Path(folder, "mnist").is_dir(), f"no MNIST in {folder}: set TFDS_DATA_DIR, or deselect real_data"
    return folder


@pytest.fixture(scope="session")
def extractor_file(tfds_dir) -> Path:
    """A frozen ImageNet extractor of Keras 3, images in [0, 255] -> 1,280 features, beside the data sets."""
    path = Path(tfds_dir).parent / "features" / "efficientnet_lite0.keras"
    assert path.is_file(), f"no extractor {path}: deselect real_data"
    return path
