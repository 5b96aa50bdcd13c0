import json

import numpy as np
import pytest

import nlgan_tf as nl
from helpers import ROOT
from helpers.extractors import saved_extractor
from nlgan_tf.data.sources import CLASS_SOURCES
from nlgan_tf.evaluation import metrics
from nlgan_tf.pipeline.clean_dataset import write_clean_dataset

QUADRANTS = ("north", "east", "south", "west")
ACCURACIES = {"accuracy_nlgan": 0.8, "accuracy_originals": 0.9, "accuracy_served": 0.93}


@pytest.fixture(autouse=True)
def benchmarks_on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def tiles(rng, counts: tuple[int, ...], channels: int, spread: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Images of 8x8 and their classes: one quadrant is bright, and pixels vary by the spread."""
    classes = np.repeat(np.arange(4), counts)
    images = 60 + rng.integers(-spread, spread + 1, (len(classes), 8, 8, channels))
    for image, place in zip(images, classes, strict=True):
        top, left = 4 * (place // 2), 4 * (place % 2)
        image[top : top + 4, left : left + 4] += 120
    return images.astype(np.uint8), classes


@pytest.fixture(params=[1, 3], ids=["grey", "colour"])
def run_of_tiles(request, rng, monkeypatch, tmp_path):
    """Folder of a run on a source of tiles, whose G_P draws as the source does; G_N draws souths alone, all alike."""
    train, test = (tiles(rng, (count,) * 4, request.param) for count in (200, 40))
    monkeypatch.setitem(CLASS_SOURCES, "tiles", lambda data_dir: (QUADRANTS, train, test))
    monkeypatch.setattr(metrics, "JUDGE_IMAGES", 16_000)
    folder = tmp_path / "run"
    folder.mkdir()
    parts = [tiles(rng, (90, 30, 0, 0), request.param), tiles(rng, (0, 0, 70, 0), request.param, spread=5)]
    images, classes = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    write_clean_dataset(folder, images, (classes < 2).astype(int), ("south,west", "north,east"), {})
    stage_one = {"alpha": 4.0}
    config = nl.RunConfig.from_json(json.dumps({"task": "tiles:north,east-vs-south,west", "stage_one": stage_one}))
    (folder / "config.json").write_text(config.to_json())
    (folder / "metrics.json").write_text(json.dumps(ACCURACIES))
    return folder


def test_a_drawn_set_is_measured_beside_real_images(run_of_tiles, tmp_path, monkeypatch, capsys):
    import drawn_sets
    import instruments

    instruments.instruments.cache_clear()
    file, extractor = str(tmp_path / "lines.jsonl"), str(saved_extractor(tmp_path))
    monkeypatch.setattr("sys.argv", ["drawn_sets.py", file, str(run_of_tiles), "--features", extractor])
    drawn_sets.main()
    drawn_sets.main()
    (row,) = drawn_sets.read_lines(tmp_path / "lines.jsonl")
    assert (row["run"], row["recipe"], row["seed"]) == ("run", "modern", 0)
    assert row["changes"] == {"stage_one.alpha": 4.0}
    is_grey = nl.load_task(row["task"]).image_shape[-1] == 1
    assert row["features"] == ("judge" if is_grey else "means.keras")
    assert row["judge_accuracy"] == 1
    positives, negatives = row["G_P"], row["G_N"]
    assert positives["shares"] == {"north": 0.75, "east": 0.25}
    assert negatives["shares"] == {"south": 1, "west": 0}
    assert positives["drawn"]["purity"] == positives["real"]["purity"] == negatives["drawn"]["purity"] == 1
    # As many as there are test images, or drawn ones.
    assert (positives["compared"], negatives["compared"]) == (80, 70)
    assert positives["drawn"]["coverage"] > 0.6 > negatives["drawn"]["coverage"]
    assert min(positives["real"]["coverage"], negatives["real"]["coverage"]) > 0.8
    assert negatives["drawn"]["frechet"] > 2 * negatives["real"]["frechet"] > 0
    assert row["memorisation"]["closer"] == pytest.approx(70 / 190, abs=0.1)
    assert (row["accuracy_drawn"], row["accuracy_originals"]) == (0.8, 0.9)
    assert row["gain"] == pytest.approx(0.03)
    capsys.readouterr()
    monkeypatch.setattr("sys.argv", ["drawn_sets.py", file, "--table"])
    drawn_sets.main()
    assert "| run | 1.000 / 1.000 |" in capsys.readouterr().out


def test_what_cannot_be_measured_is_refused_in_one_line(run_of_tiles, tmp_path, monkeypatch, capsys):
    import drawn_sets

    def refused(*arguments) -> str:
        monkeypatch.setattr("sys.argv", ["drawn_sets.py", str(tmp_path / "lines.jsonl"), *map(str, arguments)])
        with pytest.raises(SystemExit):
            drawn_sets.main()
        return capsys.readouterr().err

    if nl.load_task("tiles:north-vs-south").image_shape[-1] == 3:
        assert "Expected --features FILE for photographs, got none" in refused(run_of_tiles)
    assert "Expected folders of different names, got two of one name" in refused(run_of_tiles, run_of_tiles)
    # Before the first run is measured.
    assert "Expected a run folder, got" in refused(run_of_tiles, tmp_path)
    own = nl.RunConfig(task=f"npz:{run_of_tiles / 'clean_dataset.npz'}")
    (run_of_tiles / "config.json").write_text(own.to_json())
    assert "Expected runs on digits, mnist, cifar10, tiles; got" in refused(run_of_tiles)
    assert not (tmp_path / "lines.jsonl").exists()


def test_the_table_has_real_images_runs_and_means():
    import drawn_sets

    def row(seed, purity, gain, **others):
        measured = {"purity": purity, "density": 0.5, "coverage": 0.25, "frechet": 150.0}
        real = {"purity": 0.99, "density": 0.7, "coverage": 0.9, "frechet": 30.0}
        generators = {
            name: {"shares": shares, "drawn": measured, "real": real}
            for name, shares in (("G_P", {"5": 0.6, "7": 0.3}), ("G_N", {"2": 0.4}))
        }
        run = {"run": f"run-{seed}", "task": "digits:5,7-vs-2", "size": None, "pi": [0.7, 0.85], "recipe": "modern"}
        rest = {"changes": {}, "precision": "float32", "memorisation": {"closer": 0.01}}
        accuracies = {"accuracy_drawn": 0.8, "accuracy_originals": 0.9, "gain": gain}
        return {**run, **generators, **rest, **accuracies, **others}

    other = row(2, 0.5, None, changes={"stage_one.beta": 0.1}, accuracy_originals=None)
    lines = drawn_sets.table([row(0, 0.8, 0.01), other, row(1, 0.9, -0.01)]).splitlines()
    group = "digits:5,7-vs-2, all images, pi (0.7, 0.85), modern, float32"
    real = "0.990 / 0.990 | 0.70 / 0.70 | 0.90 / 0.90 | 30.0 / 30.0"
    same = "0.50 / 0.50 | 0.25 / 0.25 | 150.0 / 150.0 | 0.60 / 0.30 / 0.40 | 0.010 | 0.800"
    assert lines[2] == f"| {group}: *real images* | {real} |  |  |  |  |  |"
    assert lines[3] == f"| run-0 | 0.800 / 0.800 | {same} | 0.900 | +0.010 |"
    assert lines[4] == f"| run-1 | 0.900 / 0.900 | {same} | 0.900 | -0.010 |"
    assert lines[5].startswith("| **mean ± std of 2** | 0.850 ± 0.071 / 0.850 ± 0.071 | 0.50 ± 0.00 / 0.50 ± 0.00 |")
    assert lines[5].endswith("| 0.900 ± 0.000 | +0.000 ± 0.014 |")
    assert lines[6].startswith(f"| {group}, stage_one.beta 0.1: *real images* |")
    assert lines[7] == f"| run-2 | 0.500 / 0.500 | {same} |  |  |"
    assert len(lines) == 8
