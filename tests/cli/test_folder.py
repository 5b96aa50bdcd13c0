"""Folders through the command line: what is refused in one line, before anything is written."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

import nlgan_tf as nl
from helpers.photographs import class_folders, write
from nlgan_tf.pipeline.prepare import prepare_task


def table(root: Path, text: str | bytes, name: str = "labels.csv", count: int = 12) -> None:
    for index in range(count):
        write(root / f"{index}.png", index)
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def rows(count: int = 12, delimiter: str = ",", name: str = "{}.png") -> str:
    header = f"file_name{delimiter}label\n"
    return header + "".join(
        f"{name.format(index)}{delimiter}{'cat' if index % 2 else 'dog'}\n" for index in range(count)
    )


def two_classes(root: Path) -> Path:
    return class_folders(root, {"cat": 8, "dog": 8})


def huge_png() -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def without_permission(root: Path) -> None:
    two_classes(root)
    (root / "cat" / "secret.png").mkdir()


def link_out(root: Path) -> None:
    two_classes(root)
    write(root.parent / "elsewhere.png", 99)
    (root / "cat" / "out.png").symlink_to(root.parent / "elsewhere.png")


def class_link_out(root: Path) -> None:
    two_classes(root)
    (root.parent / "others").mkdir()
    (root / "fox").symlink_to(root.parent / "others")


def beside(name: str, content: bytes):
    def make(root: Path) -> None:
        (two_classes(root) / "cat" / name).write_bytes(content)

    return make


def no_images(root: Path) -> None:
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        (root / name / "notes.txt").write_text("none")


def truncated(root: Path) -> None:
    path = write(two_classes(root) / "cat" / "cut.jpg", 5, height=90, width=90)
    path.write_bytes(path.read_bytes()[:-400])


def shares_an_image(root: Path) -> None:
    class_folders(root / "train", {"cat": 8, "dog": 8})
    class_folders(root / "test", {"dog": 1})
    write(root / "test" / "dog" / "same.png", 1003)


BAD = {
    "no folder": (lambda root: root.rmdir(), [], "which does not exist"),
    "a file": (lambda root: (root.rmdir(), root.write_text("x")), [], "got the file"),
    "empty": (lambda root: None, [], "got an empty folder"),
    "no class folders": (lambda root: write(root / "a.png", 0), [], "got 1 images without labels"),
    "no images": (no_images, [], "Expected images (.png, .jpg, .jpeg, .jfif, .bmp, .webp, .gif) in the class folders"),
    "one class": (lambda root: class_folders(root, {"cat": 8}), [], "labels of two classes, got 1: cat"),
    "an empty class": (
        lambda root: (class_folders(root, {"cat": 8}), (root / "dog").mkdir()),
        [],
        "labels of two classes, got 1: cat",
    ),
    "two images": (
        lambda root: class_folders(root, {"cat": 8, "dog": 2}),
        [],
        "Expected at least 6 images of each class to estimate how many labels are wrong, got 2 of dog",
    ),
    "three classes": (
        lambda root: class_folders(root, {"cat": 6, "dog": 6, "fox": 6}),
        [],
        "Expected two classes, or --positive NAME[,NAME] (in Python positive=) to set against the rest; got 3: cat, "
        "dog, fox",
    ),
    "positive unknown": (two_classes, ["--positive", "cow"], "Expected --positive among cat, dog, got cow"),
    "positive of digits": (lambda root: None, ["--task", "digits:5-vs-7", "--positive", "5"], "folder:PATH alone"),
    "image size": (two_classes, ["--image-size", "30"], "Expected image_size to be a multiple of 4, got 30"),
    "beside folders": (lambda root: write(two_classes(root) / "x.png", 7), [], "got x.png beside the folders"),
    "two tables": (
        lambda root: (table(root, rows()), table(root, rows(), "metadata.csv")),
        [],
        "Expected one label file in",
    ),
    "unknown names": (
        lambda root: table(root, rows(14)),
        [],
        "Expected 14 images that can be read, got 2 that cannot (12.png: in line 14, and in no folder; 13.png: in line "
        "15, and in no folder): --skip-unreadable",
    ),
    "out of the folder": (
        lambda root: table(root, rows() + "../x.png,cat\n/etc/passwd,dog\n"),
        [],
        "(../x.png: a path out of the folder, line 14; /etc/passwd: a path out of the folder, line 15)",
    ),
    "doubled rows": (
        lambda root: table(root, rows() + "3.png,dog\n"),
        [],
        "labels.csv, got 3.png in lines 5 and 14",
    ),
    "no column": (
        lambda root: table(root, rows().replace("file_name", "path")),
        [],
        "Expected the columns file_name and label in",
    ),
    "no label": (lambda root: table(root, rows() + "3.png,\n"), [], "labels.csv, got none in line 14"),
    "too many cells": (lambda root: table(root, rows() + "a,b.png,cat\n"), [], "Expected 2 columns in"),
    "no rows": (lambda root: table(root, "file_name,label\n"), [], "Expected rows of files and labels in"),
    "an empty table": (lambda root: table(root, ""), [], "got none: --file-column and --label-column"),
    "encoding": (
        lambda root: table(root, (rows() + "größe.png,cat\n").encode("latin-1")),
        [],
        "labels.csv in UTF-8, got other bytes in line 14: save the file as UTF-8",
    ),
    "a quote": (lambda root: table(root, rows() + '"a.png,cat\n'), [], "as CSV, got other text in line 14"),
    "a null byte": (
        lambda root: table(root, rows() + "a\0.png,cat\n"),
        [],
        "(a\0.png: in line 14, and in no folder)",
    ),
    "a long header": (lambda root: table(root, "x" * 200_000 + "\n"), [], "got none: --file-column"),
    "a long name": (lambda root: table(root, rows() + "x" * 300 + ".png,cat\n"), [], "File name too long"),
    "json": (lambda root: table(root, "[1]\n", "metadata.jsonl"), [], "got none in line 1"),
    "zero bytes": (beside("zero.png", b""), [], "(cat/zero.png: zero bytes)"),
    "no image": (beside("text.png", b"hello"), [], "(cat/text.png: no PNG, JPEG, BMP, WebP or GIF)"),
    "another format": (beside("a.heic", b"ftypheic"), [], "(cat/a.heic: no PNG, JPEG, BMP, WebP or GIF)"),
    "huge": (beside("huge.png", huge_png()), [], "(cat/huge.png: more than 67108864 pixels)"),
    "truncated": (truncated, [], "(cat/cut.jpg: image file is truncated"),
    "a folder named like a file": (without_permission, [], "(cat/secret.png: a folder)"),
    "a link out": (link_out, [], "(cat/out.png: a link that leads out of the folder)"),
    "a class that links out": (class_link_out, [], "got fox, a link that leads elsewhere"),
    "a link to nothing": (
        lambda root: (two_classes(root) / "cat" / "gone.png").symlink_to(root / "cat" / "none.png"),
        [],
        "(cat/gone.png: a link to nothing)",
    ),
    "all unreadable": (
        lambda root: [write(root / name / "a.png", 1).write_bytes(b"") for name in ("cat", "dog")],
        ["--skip-unreadable"],
        "Expected 2 images that can be read, got 2 that cannot",
    ),
    "shared with test": (
        shares_an_image,
        [],
        "Expected no test image among the training images, got 2: test/dog/0.png = train/cat/0.png; test/dog/same.png "
        "= train/dog/3.png",
    ),
}


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my photos").mkdir()
    return tmp_path / "my photos"


@pytest.mark.parametrize("case", BAD)
def test_a_bad_folder_is_one_line_and_nothing_is_written(case, root, refused):
    make, options, message = BAD[case]
    make(root)
    before = {path: path.lstat().st_mtime_ns for path in root.rglob("*")}
    refused(["run", "--task", f"folder:{root}", *options], message)
    assert {path: path.lstat().st_mtime_ns for path in root.rglob("*")} == before
    assert not Path("runs").exists() or not list(Path("runs").iterdir())


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (rows(), {}),
        ("\ufeff" + rows(), {}),
        (rows().encode("utf-16"), {}),
        (rows(delimiter=";"), {}),
        (rows(delimiter="\t"), {}),
        (rows().replace("\n", "\r\n"), {}),
        (rows().replace("\n", "\r"), {}),
        (rows().replace(",", " , ") + "\n\n", {}),
        (rows().replace("file_name,label", "id,path,class").replace("\n", "\n7,").replace("7,id", "id")[:-2],
         {"file_column": "path", "label_column": "class"}),
    ],
)  # fmt: skip
def test_a_label_file_of_any_kind_is_read(text, options, root):
    table(root, text)
    task = nl.load_task(f"folder:{root}", **options)
    assert task.files == tuple(f"{index}.png" for index in range(12))
    assert task.noisy_labels.tolist() == [1, 0] * 6
    assert task.class_names == ("cat", "dog")
    np.testing.assert_array_equal(task.images[3], nl.load_task(f"folder:{root}", **options).images[3])


def test_names_with_spaces_and_quotes_are_read(root):
    for index in range(12):
        write(root / f"my, {index}.png", index)
    (root / "metadata.csv").write_text(rows(name='"my, {}.png"'))
    assert prepare_task(nl.RunConfig(task=f"folder:{root}")).files[5] == "my, 5.png"


def test_json_lines_are_read(root):
    lines = [f'{{"file_name": "{index}.png", "label": {str(index % 2 == 0).lower()}}}' for index in range(12)]
    table(root, "\n".join(lines), "metadata.jsonl")
    assert nl.load_task(f"folder:{root}").noisy_labels.tolist() == [1, 0] * 6


def test_unreadable_files_are_left_out_on_demand(root):
    two_classes(root)
    (root / "cat" / "3.png").write_bytes(b"")
    (root / "dog" / "0.png").write_bytes(b"hello")
    task = nl.load_task(f"folder:{root}", skip_unreadable=True)
    assert len(task.images) == len(task.files) == 14
    assert not {"cat/3.png", "dog/0.png"} & set(task.files)
    assert task.noisy_labels.tolist() == [0] * 7 + [1] * 7
    assert "Skipped files: 2 (cat/3.png: zero bytes; dog/0.png: no PNG, JPEG, BMP, WebP or GIF)" in task.remarks
