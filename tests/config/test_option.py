import dataclasses
from dataclasses import dataclass

import pytest

from nlgan_tf.config import Option, check_fields, check_kind, option, options
from nlgan_tf.errors import InputError


@dataclass(frozen=True)
class Settings:
    share: float | None = option(0.5, "Share", least=0, most=1)
    names: list[str] = dataclasses.field(default_factory=list)
    whole: bool = option(True, "Whether whole")

    def __post_init__(self) -> None:
        check_fields(self)


def test_an_option_says_what_it_accepts():
    assert Option("Share", above=0, most=1).accepted == "finite and above 0 and at most 1"
    assert Option("Norm", choices=("exact", None)).names == ("exact", "none")
    bounds = Option("Share", above=0, below=2, least=0.5, most=1.5)
    for value in (0.5, 1, 1.5):
        bounds.check("share", value)
    for value in (0, 0.4, 1.6, 2, float("nan"), float("inf")):
        with pytest.raises(InputError, match=r"Expected share to be finite and above 0 and at least 0.5 and below 2"):
            bounds.check("share", value)
    with pytest.raises(InputError, match="Expected norm to be one of exact, none; got 'keras'"):
        Option("Norm", choices=("exact", None)).check("norm", "keras")


def test_the_options_of_a_configuration_are_those_of_its_fields():
    assert {name: its.doc for name, its in options(Settings).items()} == {"share": "Share", "whole": "Whether whole"}
    assert Settings().share == 0.5


@pytest.mark.parametrize("accepted", [{"share": 1}, {"share": None}, {"names": ["a"]}, {"whole": False}])
def test_values_of_the_fields_type_are_accepted(accepted):
    assert Settings(**accepted) != Settings()


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        ({"share": "half"}, "Expected share to be float or null; got 'half'"),
        ({"share": True}, "Expected share to be float or null; got True"),
        ({"share": 1.5}, "Expected share to be finite and at least 0 and at most 1; got 1.5"),
        ({"names": "a"}, "Expected names to be list; got 'a'"),
        ({"whole": 1}, "Expected whole to be bool; got 1"),
    ],
)
def test_values_of_another_type_or_out_of_bounds_are_refused(refused, message):
    with pytest.raises(InputError, match=f"^{message}$"):
        Settings(**refused)


def test_a_dictionary_is_no_configuration():
    check_kind(Settings(), Settings)
    with pytest.raises(InputError, match=r"Expected config to be a Settings, got dict: Settings\(\*\*settings\)$"):
        check_kind({"share": 0.5}, Settings)
    with pytest.raises(InputError, match=r"Expected config to be a Settings, got str$"):
        check_kind("modern", Settings)
