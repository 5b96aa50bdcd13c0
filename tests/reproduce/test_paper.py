from nlgan_tf.reproduce.grid import Grid
from nlgan_tf.reproduce.paper import CLEAN, HEAVY, MIDDLE, MNIST, paper_value


def test_values_of_the_papers_table():
    assert paper_value(MNIST, 1000, MIDDLE, "nlgan") == 0.956
    assert paper_value(MNIST, 100, HEAVY, "rank-pruning") == 0.703
    assert paper_value("cifar10:automobile-vs-airplane", 1000, HEAVY, "rank-pruning-logistic") == 0.659
    assert paper_value(MNIST, 1000, CLEAN, "pn") == 0.97


def test_what_the_paper_does_not_have():
    assert paper_value(MNIST, 1000, MIDDLE, "svc") is None
    assert paper_value(MNIST, 500, MIDDLE, "nlgan") is None
    assert paper_value(MNIST, 1000, (0.9, 0.9), "nlgan") is None
    assert paper_value(MNIST, 1000, MIDDLE, "pn") is None


def test_every_noisy_cell_of_the_grid_has_its_two_columns():
    cells = [cell for cell in Grid().cells if cell[2:] != CLEAN]
    assert len(cells) == 12
    for task, size, pi_p, pi_n in cells:
        values = [paper_value(task, size, (pi_p, pi_n), method) for method in ("nlgan", "rank-pruning")]
        assert all(0.6 < value < 1 for value in values)
