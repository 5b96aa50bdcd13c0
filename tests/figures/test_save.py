import os
import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from nlgan_tf.errors import InputError
from nlgan_tf.figures.save import check_writable, plain_style, plain_text, save, save_if_possible


@plain_style()
def titled(title: str) -> Figure:
    figure = Figure(figsize=(2, 2))
    figure.subplots().set_title(title)
    return figure


def pixels(figure: Figure, path) -> np.ndarray:
    save(figure, path)
    return matplotlib.image.imread(path)


def test_a_figure_is_a_whole_png_whatever_its_name_and_its_folder_is_made(tmp_path):
    path = tmp_path / "new" / "folder" / "figure.txt"
    save(titled("one"), path, dpi=50)
    save(titled("two"), path, dpi=50)
    assert matplotlib.image.imread(path).shape[:2] == (100, 100)
    assert [entry.name for entry in path.parent.iterdir()] == ["figure.txt"]


def test_a_failed_figure_leaves_the_former_one(tmp_path):
    save(titled("one"), tmp_path / "figure.png")
    before = (tmp_path / "figure.png").read_bytes()
    broken = titled("two")
    broken.draw = lambda renderer: 1 / 0
    with pytest.raises(ZeroDivisionError):
        save(broken, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_a_picture_that_fails_is_a_warning_and_no_error(tmp_path):
    assert save_if_possible(tmp_path / "figure.png", titled, "one")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    with pytest.warns(UserWarning, match="The picture .*other.png could not be made: ZeroDivisionError: division by"):
        assert not save_if_possible(tmp_path / "other.png", lambda _: 1 / 0, "one")
    with pytest.warns(UserWarning, match="could not be made: FileExistsError"):
        assert not save_if_possible(tmp_path / "figure.png" / "other.png", titled, "one")
    assert [entry.name for entry in tmp_path.iterdir()] == ["figure.png"]


@pytest.mark.parametrize("title", ["$", "a $x", "a_^b", r"\alpha $\frac{$", "$$_^$$"])
def test_text_is_no_markup(tmp_path, title):
    shown, blank = (pixels(titled(text), tmp_path / "figure.png") for text in (title, ""))
    assert (shown != blank).any()


def test_the_users_settings_of_matplotlib_change_no_pixel_and_stay_as_they_are(tmp_path):
    expected = pixels(titled("5 vs 7"), tmp_path / "figure.png")
    users = {
        "text.usetex": True,
        "text.parse_math": True,
        "font.family": "no such font",
        "axes.facecolor": "black",
        "savefig.transparent": True,
        "savefig.bbox": "tight",
        "figure.autolayout": True,
        "axes.titlesize": 40,
    }
    with mpl.rc_context(users):
        np.testing.assert_array_equal(pixels(titled("5 vs 7"), tmp_path / "figure.png"), expected)
        assert {name: mpl.rcParams[name] for name in users if name != "font.family"} == {
            name: value for name, value in users.items() if name != "font.family"
        }


def test_a_matplotlibrc_of_the_user_changes_no_pixel(tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\naxes.facecolor: black\nfont.size: 30\n")
    script = (
        "import sys; import numpy as np; from nlgan_tf.figures.histogram import Panel, histograms; "
        "from nlgan_tf.figures.save import save; panel = Panel('D', np.linspace(0, 1, 18), .2, .7); "
        "save(histograms(np.tile([0, 1], 9), [panel]), sys.argv[1])"
    )
    pictures = []
    for name, settings in (("plain.png", {}), ("users.png", {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc")})):
        subprocess.run([sys.executable, "-c", script, tmp_path / name], env=os.environ | settings, check=True)
        pictures.append(matplotlib.image.imread(tmp_path / name))
    np.testing.assert_array_equal(*pictures)


def test_letters_that_the_font_lacks_are_no_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save(titled("猫 and 🐕"), tmp_path / "figure.png")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("automobile", "automobile"),
        ("two\nlines\tand  spaces ", "two lines and spaces"),
        ("a\x00b\udcffc", "a?b?c"),
        ("$x_^", "$x_^"),
        (7, "7"),
        ("x" * 41, "x" * 39 + "…"),
    ],
)
def test_a_users_text_is_one_short_printable_line(text, expected):
    assert plain_text(text) == expected


def test_a_place_that_can_be_written_is_left_as_it_is(tmp_path):
    (tmp_path / "old.png").write_text("old")
    for name in ("new.png", "old.png", "missing/folders/new.png"):
        assert check_writable(tmp_path / name) == tmp_path / name
    assert [entry.name for entry in tmp_path.iterdir()] == ["old.png"]
    assert (tmp_path / "old.png").read_text() == "old"


def test_a_folder_is_no_place_for_a_figure(tmp_path):
    with pytest.raises(InputError, match="Expected a file to write, got the folder "):
        check_writable(tmp_path)


def test_a_device_is_no_place_for_a_figure():
    with pytest.raises(InputError, match="Expected a file to write, got the device /dev/null"):
        check_writable("/dev/null")


@pytest.mark.parametrize("name", ["file/figure.png", "x" * 250 + ".png"])
def test_a_place_that_cannot_be_written_is_refused(tmp_path, name):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match="Expected a file that can be written, got "):
        check_writable(tmp_path / name)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="a folder that no user can write, root neither")
def test_a_folder_that_cannot_be_written_is_refused():
    with pytest.raises(InputError, match=r"Expected a file that can be written, got /proc/self/priors.png: "):
        check_writable("/proc/self/priors.png")
