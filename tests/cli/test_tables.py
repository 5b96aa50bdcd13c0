import sys

from nlgan_tf.cli.tables import print_table

LONG = "signature_with_a_name_of_more_than_eighty_columns_" * 4


def test_a_pipe_gets_whole_columns_and_no_control_codes(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    print_table(("name", "value"), [(LONG, "1")])
    shown = capsys.readouterr().out
    assert LONG in shown
    assert shown.isascii()
    assert "\x1b" not in shown


def test_a_terminal_without_colours_gets_none(capsys, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    print_table(("name", "value"), [("accuracy", "0.9")])
    assert "\x1b[3" not in capsys.readouterr().out


def test_no_rows_are_no_table(capsys):
    print_table(("name",), [])
    assert capsys.readouterr().out == ""


def test_brackets_in_a_text_are_no_markup(capsys):
    print_table(("file",), [("a[b].png",), ("[/x]",)])
    shown = capsys.readouterr().out
    assert "a[b].png" in shown
    assert "[/x]" in shown
