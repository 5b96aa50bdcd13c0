import dataclasses

import pytest

from helpers.records import NLGAN, record, table_records
from nlgan_tf.reproduce.summary import Cell, best, summarise


def test_rows_are_means_and_deviations_and_unlike_runs_stay_apart():
    tables = summarise(table_records())
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


def test_the_best_of_a_level_is_the_largest_mean_as_it_is_printed():
    rows = summarise(table_records())["mnist:5,7-vs-2,4", 1000]
    # D of the paper recipe: the mean of .96 and .98.
    assert best(rows, (0.7, 0.85)) == 0.97
    assert best(rows, (1.0, 1.0)) == 0.98


def test_runs_with_features_are_rows_of_their_own():
    combinations = [dataclasses.replace(NLGAN, recipe="modern"), dataclasses.replace(NLGAN, method="frozen-lr")]
    records = {one: record(one, epochs=9 if one.method == "nlgan" else None) for one in combinations}
    records[combinations[1]]["features"] = "f.keras"
    (rows,) = summarise(records).values()
    assert [row.title for row in rows] == [
        "NL-GAN (recipe modern, 9 epochs)",
        "Frozen features: logistic regression (features f.keras)",
    ]


def test_one_seed_has_no_deviation():
    (row,) = summarise({NLGAN: record(NLGAN, accuracy=0.9504, epochs=40)})[NLGAN.task, NLGAN.size]
    assert row.cells == {(0.7, 0.85): Cell(0.9504, None, 1, 0.956)}
