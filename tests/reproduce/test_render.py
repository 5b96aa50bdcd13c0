import dataclasses

import matplotlib.image
import pytest

from helpers.records import record
from nlgan_tf.reproduce.grid import Combination
from nlgan_tf.reproduce.render import write_table
from nlgan_tf.reproduce.results import ResultsFile
from nlgan_tf.reproduce.summary import Cell, summarise

NLGAN = Combination("mnist:5,7-vs-2,4", 1000, 0.7, 0.85, "nlgan", "paper", 0)


def records() -> dict[Combination, dict]:
    judged = {"purity_p": 0.97, "purity_n": 1.0, "coverage": {"5": 0.6, "7": 0.37}, "judge_accuracy": 0.991}
    found = {}

    def add(accuracy: float, **changes) -> None:
        values = {name: changes.pop(name) for name in ("epochs", "accuracy_discriminator") if name in changes}
        combination = dataclasses.replace(NLGAN, **changes)
        extra = judged if combination.method == "nlgan" else {}
        found[combination] = record(combination, accuracy=accuracy, **values, **extra)

    add(0.95, epochs=40, accuracy_discriminator=0.96)
    add(0.97, seed=1, epochs=40, accuracy_discriminator=0.98)
    add(0.9, recipe="literal", epochs=40, accuracy_discriminator=0.5)
    add(0.88, seed=2, epochs=20, accuracy_discriminator=0.9)
    add(0.94, method="svc")
    add(0.94, method="svc", recipe="literal")
    add(0.98, method="svc", pi_p=1.0, pi_n=1.0)
    add(0.6, method="svc", task="cifar10:automobile-vs-airplane")
    return found


def test_rows_are_means_and_deviations_and_unlike_runs_stay_apart():
    tables = summarise(records())
    assert list(tables) == [("mnist:5,7-vs-2,4", 1000), ("cifar10:automobile-vs-airplane", 1000)]
    rows = {row.title: row.cells for row in tables["mnist:5,7-vs-2,4", 1000]}
    assert list(rows) == [
        "NL-GAN (recipe literal, 40 epochs)",
        "NL-GAN, D itself (recipe literal, 40 epochs)",
        "NL-GAN (recipe paper, 20 epochs)",
        "NL-GAN, D itself (recipe paper, 20 epochs)",
        "NL-GAN (recipe paper, 40 epochs)",
        "NL-GAN, D itself (recipe paper, 40 epochs)",
        "A: SVC",
    ]
    cell = rows["NL-GAN (recipe paper, 40 epochs)"][0.7, 0.85]
    assert (cell.mean, cell.std, cell.seeds, cell.paper) == pytest.approx((0.96, 0.0141421, 2, 0.956), rel=1e-4)
    assert rows["A: SVC"] == {(0.7, 0.85): Cell(0.94, None, 1, None), (1.0, 1.0): Cell(0.98, None, 1, None)}


def test_the_table_and_the_figure(tmp_path):
    results = ResultsFile(tmp_path / "table1.jsonl")
    for line in records().values():
        results.append(line)
    before = results.path.read_bytes()
    paths = write_table(results.read(), results.path)
    assert [path.name for path in paths] == ["table1.md", "table1.png"]
    text = paths[0].read_text()
    assert "| method | pi (1, 1) | pi (0.7, 0.85) |" in text
    assert "| NL-GAN (recipe paper, 40 epochs) |  | .960 ± .014 (2) [.956] |" in text
    assert "| NL-GAN, D itself (recipe paper, 40 epochs) |  | **.970** ± .014 (2) |" in text
    assert "| A: SVC | **.980** (1) | .940 (1) |" in text
    assert f"| {NLGAN} | 40 | .970 | 1.000 | 5: .600, 7: .370 | .991 |" in text
    assert matplotlib.image.imread(paths[1]).shape[1] > 1000
    assert results.path.read_bytes() == before


def test_nothing_to_render(tmp_path):
    with pytest.raises(ValueError, match=r"table1.jsonl holds no results"):
        write_table({}, tmp_path / "table1.jsonl")
    assert not list(tmp_path.iterdir())
