import matplotlib.image
import pytest

from helpers.records import NLGAN, table_records
from nlgan_tf.errors import InputError
from nlgan_tf.reproduce.render import write_table
from nlgan_tf.reproduce.results import ResultsFile


def test_the_table_and_the_figure(tmp_path):
    results = ResultsFile(tmp_path / "table1.jsonl")
    for line in table_records().values():
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
    with pytest.raises(InputError, match=r"Expected at least one result in .*table1\.jsonl, got none"):
        write_table({}, tmp_path / "table1.jsonl")
    assert not list(tmp_path.iterdir())
