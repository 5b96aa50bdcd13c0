"""`nlgan-tf reproduce` and `nlgan-tf figures` as a user calls them."""

import json
import sys
from pathlib import Path

import pytest

from helpers.records import LINE
from nlgan_tf import cli
from nlgan_tf.cli.figures import figures
from nlgan_tf.cli.reproduce import table1
from nlgan_tf.reproduce.methods import RUNNABLE

SMALL = ["reproduce", "table1", "--task", "digits:5-vs-7", "--size", "40", "--priors", "0.7,0.85", "--seeds", "2"]
SMALL += ["--method", "svc", "--results", "t.jsonl"]


@pytest.fixture
def nlgan_tf(tmp_path, monkeypatch, capsys):
    """Runs the command in an empty folder; returns its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nlgan-tf", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as stopped:
            code = stopped.code
        return code, *capsys.readouterr()

    return run


def test_dry_run_run_and_render(nlgan_tf):
    code, output, _ = nlgan_tf(*SMALL, "--dry-run")
    assert code == 0
    assert output.splitlines()[0].endswith("digits:5-vs-7 40 (0.7, 0.85) svc paper seed 0")
    assert "2 of 2 combinations to run, about 0 s" in output
    assert not Path("t.jsonl").exists()
    code, output, _ = nlgan_tf(*SMALL)
    assert code == 0
    assert "0 of 2 combinations are in t.jsonl" in output
    assert "digits:5-vs-7 40 (0.7, 0.85) svc paper seed 1: " in output
    assert "All 2 combinations are in t.jsonl." in output
    assert "0 of 2 combinations to run" in nlgan_tf(*SMALL, "--dry-run")[1]
    code, output, _ = nlgan_tf("reproduce", "table1", "--results", "t.jsonl", "--render")
    assert output.splitlines() == ["Wrote t.md", "Wrote t.png"]
    assert "| A: SVC |" in Path("t.md").read_text()


def test_a_results_file_in_a_folder_that_reads_as_a_pattern(nlgan_tf):
    Path("we[i]rd dir").mkdir()
    weird = [*SMALL[:-1], "we[i]rd dir/t*.jsonl"]
    assert nlgan_tf(*weird)[0] == 0
    assert "All 2 combinations are in" in nlgan_tf(*weird)[1]
    assert nlgan_tf("reproduce", "table1", *weird[-2:], "--render")[0] == 0
    assert "| A: SVC |" in Path("we[i]rd dir/t*.md").read_text()
    assert len(Path("we[i]rd dir/t*.jsonl").read_text().splitlines()) == 2


def test_the_whole_grid_in_a_dry_run(nlgan_tf):
    code, output, _ = nlgan_tf("reproduce", "table1", "--recipe", "paper", "--seeds", "5", "--jobs", "2", "--dry-run")
    assert code == 0
    assert "1020 of 1020 combinations to run" in output


def test_results_with_other_epochs_are_told_of_and_stay(nlgan_tf):
    line = json.dumps({**json.loads(LINE), "size": 40, "method": "nlgan", "epochs": 3}) + "\n"
    Path("t.jsonl").write_text(line)
    one = [*SMALL[:-6], "--seeds", "1", "--method", "nlgan", "--results", "t.jsonl", "--epochs", "5"]
    code, output, _ = nlgan_tf(*one)
    assert code == 0
    assert "nlgan paper seed 0 has a result of 3 epochs of stage one instead of 5, which stays." in output
    assert Path("t.jsonl").read_text() == line


def test_a_failure_is_told_and_is_exit_code_1(nlgan_tf):
    clean = [part.replace("0.7,0.85", "1,1") for part in SMALL]
    tiny = [*clean, "--method", "rank-pruning-logistic", "--size", "4"]  # too few for its folds
    code, output, error = nlgan_tf(*tiny)
    assert code == 1
    assert "rank-pruning-logistic paper seed 0: failed: InputError" in error
    kept = Path("t.jsonl.failures/digits-5-vs-7-4-1-1-rank-pruning-logistic-paper-seed-0.txt")
    assert f"(traceback: {kept})" in error
    assert "in measure\n" in kept.read_text()
    assert "combinations failed; start again to retry them" in error
    assert "svc paper seed 1: " in output


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        (["--method", "magic"], None, "'magic' is not one of 'nlgan', 'pn', 'pn-upsampled', "),
        (["--recipe", "best"], None, "'best' is not one of 'literal', 'paper', 'modern'"),
        (["--priors", "0.7"], None, "Expected two purities such as 0.7,0.85; got '0.7'"),
        (["--priors", "0.3,0.3"], None, "their sum to be above 1; got pi_p=0.3, pi_n=0.3"),
        (["--size", "41"], None, "Expected size to be a multiple of 2, the number of subclasses, got 41"),
        (["--task", "fashion:1-vs-2"], None, "(A and B: comma-separated classes); got 'fashion:1-vs-2'"),
        (["--seeds", "0"], None, "Expected seeds to be finite and at least 1; got 0"),
        (["--epochs", "0"], None, "Expected epochs to be finite and above 0; got 0"),
        (["--jobs", "0"], None, "Expected jobs to be at least 1, or -1 for one a core; got 0"),
        (["--results", "t.md"], None, "Expected a results file of another suffix, such as .jsonl; got t.md"),
        (["--results", "/proc/t.jsonl"], None, "/proc"),
        (["--features", "none.keras"], None, "none.keras"),
        (["--method", "frozen-lr"], None, "Expected --features for the method frozen-lr, got none"),
        (["--keep", "/proc/runs"], None, "folder /proc/runs cannot be written"),
        (["--keep", "we[i]rd dir"], None, "Expected a folder without the characters"),
        (["--dry-run", "--task", "fashion:1-vs-2"], None, "(A and B: comma-separated classes); got 'fashion:1-vs-2'"),
        ([], LINE.replace("100", "40") + LINE[:30], "t.jsonl, line 2: Expected whole lines, got a torn one"),
        ([], '{"hello": 1}\n', "t.jsonl, line 1:"),
        (
            [],
            LINE,
            "line 1: Expected results of this grid, got digits:5-vs-7 100 (0.7, 0.85) svc paper seed 0 of ano",
        ),
        (["--render"], "torn", "t.jsonl, line 1: Expected whole lines, got a torn one"),
    ],
)
def test_bad_input_is_one_line_and_the_file_stays(nlgan_tf, arguments, text, message):
    if text is not None:
        Path("t.jsonl").write_text(text)
    code, _, error = nlgan_tf(*SMALL, *arguments)
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ([] if text is None else ["t.jsonl"])
    assert text is None or Path("t.jsonl").read_text() == text


def test_every_option_has_help():
    for parameter in (*table1.params, *figures.params[1:]):
        assert parameter.help, parameter.name


def test_help_names_the_methods_and_the_recipes(nlgan_tf):
    words = " ".join(nlgan_tf("reproduce", "table1", "--help")[1].split())
    assert f"--method METHOD One of {', '.join(RUNNABLE)}; may be repeated" in words.replace("- ", "-")
    assert "--recipe [literal|paper|modern]" in words


def test_a_folder_that_is_no_run(nlgan_tf):
    code, _, error = nlgan_tf("figures", "nowhere")
    assert code == 2
    assert error == "nlgan-tf: Expected a run folder, got nowhere without config.json\n"
