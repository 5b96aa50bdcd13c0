import pytest

from nlgan_tf.data.sources.folder import table
from nlgan_tf.data.sources.folder.settings import Reading
from nlgan_tf.data.sources.folder.table import find_table, read_table
from nlgan_tf.errors import InputError

ROWS = [("a.png", "cat", 2), ("b.png", "dog", 3)]


def test_the_label_file_is_found_by_its_name(tmp_path):
    assert find_table(tmp_path) is None
    (tmp_path / "labels.csv").touch()
    assert find_table(tmp_path) == tmp_path / "labels.csv"
    (tmp_path / "metadata.jsonl").touch()
    with pytest.raises(InputError, match=r"Expected one label file in .*, got labels.csv, metadata.jsonl"):
        find_table(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_are_read_whatever_a_spreadsheet_wrote(tmp_path, encoding, delimiter, end):
    lines = ["note|label|file_name", "x, or so| cat |a.png", "|dog|b.png", ""]
    if delimiter == ",":
        lines[1] = '"x, or so"| cat |a.png'
    path = tmp_path / "labels.csv"
    path.write_bytes(end.join(lines).replace("|", delimiter).encode(encoding))
    assert read_table(path, Reading()) == ROWS


def test_columns_may_have_other_names(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("image,kind,label\na.png,cat,1\nb.png,dog,2\n")
    assert read_table(path, Reading(file_column="image", label_column="kind")) == ROWS


def test_json_lines_keep_the_type_of_a_label_and_their_lines(tmp_path):
    path = tmp_path / "metadata.jsonl"
    path.write_text('{"file_name": "a.png", "label": 0}\n\n{"file_name": " b.png", "label": true, "more": [1]}\n')
    assert read_table(path, Reading()) == [("a.png", 0, 1), ("b.png", True, 3)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.csv", b"", r"Expected the columns file_name and label in .*, got none"),
        ("labels.csv", b"file_name,kind\na,b\n", r"got file_name, kind: .* name others \(missing: label\)"),
        ("labels.csv", b"file_name,label\n", "Expected rows of files and labels in .*, got none"),
        ("labels.csv", b"file_name,label\na.png,\n", "Expected a label in each row of .*, got none in line 2"),
        ("labels.csv", b"file_name,label\na,x\nb,y\na,x\n", "Expected each file once in .*, got a in lines 2 and 4"),
        ("labels.csv", b"file_name,label\na,b,c\n", "Expected 2 columns in .*, got 3 in line 2"),
        ("labels.csv", b'file_name,label\na,"b\n', "Expected .* as CSV, got other text in line 2"),
        ("labels.csv", b"file_name,label\na,\xff\n", "Expected .* in UTF-8, got other bytes in line 2"),
        ("metadata.jsonl", b'{"file_name": "a", "label": 1}\n[1]\n', "Expected a JSON object .*, got none in line 2"),
        ("metadata.jsonl", b"{'a': 1}\n", "Expected a JSON object in each line of .*, got none in line 1"),
        ("metadata.jsonl", b'{"file_name": "a"}\n', "Expected a label in each row of .*, got none in line 1"),
    ],
)
def test_what_is_no_table_is_refused_by_its_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(path, Reading())


def test_a_file_that_is_too_large_or_is_none_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "labels.csv"
    with pytest.raises(InputError, match="to be readable, got: No such file"):
        read_table(path, Reading())
    path.write_text("file_name,label\na,b\n")
    monkeypatch.setattr(table, "MAX_BYTES", 19)
    with pytest.raises(InputError, match="of at most 19 bytes, got 20"):
        read_table(path, Reading())
