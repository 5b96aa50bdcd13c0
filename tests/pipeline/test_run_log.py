import re

from nlgan_tf.pipeline.run_log import RunLog

TIMED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  (.*)")


def test_lines_wait_for_their_file_and_are_appended_to_it(tmp_path):
    path = tmp_path / "run.log"
    log = RunLog()
    log.add("first")
    assert not path.exists()
    path.write_text("before\n")
    log.write_to(path)
    log.add("two\nlines")
    before, *lines = path.read_text().splitlines()
    assert before == "before"
    assert [TIMED.fullmatch(line)[1] for line in lines] == ["first", "two", "lines"]


def test_control_codes_and_broken_names_do_no_harm(tmp_path):
    log = RunLog()
    log.write_to(tmp_path / "run.log")
    log.add("red \x1b[31m, bell \a, surrogate \udcff, umlaut ä")
    line = (tmp_path / "run.log").read_text(encoding="utf-8")
    assert TIMED.fullmatch(line.rstrip("\n"))[1] == "red ?[31m, bell ?, surrogate ?, umlaut ä"
