import os
import re
import resource
import subprocess
import sys

import pytest

from helpers import ROOT
from nlgan_tf.data.sources import tfds

README = (ROOT / "README.md").read_text()
MAIN = "from nlgan_tf.cli import main; main()"


def nlgan_tf(*arguments: str, code: str = MAIN, **kwargs):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, **kwargs
    )


def test_neither_import_nor_help_imports_tensorflow():
    watch = "import sys; assert not {'tensorflow', 'keras', 'matplotlib', 'sklearn'} & set(sys.modules), 'imported'"
    assert nlgan_tf(code=f"import nlgan_tf; {watch}").returncode == 0
    code = f"import atexit; atexit.register(lambda: exec({watch!r})); from nlgan_tf.cli import main; main()"
    done = nlgan_tf("run", "--help", code=code)
    assert "--translation-probability" in done.stdout
    assert "--augment [auto|digits|photos|none]" in done.stdout
    assert "--classifier-augment [auto|digits|photos|none]" in done.stdout
    assert "imported" not in done.stderr


def test_help_is_quick():
    def seconds(*arguments: str, code: str = MAIN) -> float:
        # Of the processor: what else runs on the machine is not its doing.
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert nlgan_tf(*arguments, code=code).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # A ratio holds on any machine: beside the two packages that the configuration needs, hardly anything loads.
    pairs = [(seconds("--help"), seconds(code="import click, numpy")) for _ in range(5)]
    assert min(ours / theirs for ours, theirs in pairs) < 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(shell):
    # As the README says, by the variable that click reads.
    line = next(line for line in README.splitlines() if f"={shell}_source nlgan-tf" in line)
    name, _, value = re.search(r"(\w+)(=)(\w+) nlgan-tf", line).groups()
    script = nlgan_tf(env={**os.environ, name: value})
    assert f"_NLGAN_TF_COMPLETE={shell}_complete" in script.stdout


@pytest.mark.parametrize(
    ("words", "completed"), [("run --tas", "--task"), ("sco", "score"), ("run --recipe lit", "literal")]
)
def test_commands_options_and_choices_are_completed(words, completed):
    asked = {
        "_NLGAN_TF_COMPLETE": "bash_complete",
        "COMP_WORDS": f"nlgan-tf {words}",
        "COMP_CWORD": str(len(words.split())),
    }
    assert nlgan_tf(env={**os.environ, **asked}).stdout.splitlines() == [f"plain,{completed}"]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyError])
def test_a_bug_keeps_its_traceback(error):
    broken = (
        f"def broken(*_): raise {error.__name__}\n"
        "import sys\nimport nlgan_tf.cli\nsys.modules['nlgan_tf.cli.run'].run_config = broken\nnlgan_tf.cli.main()"
    )
    done = nlgan_tf("run", code=broken)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--pi-p", "0.4", "--pi-n", "0.5"], "their sum to be above 1; got pi_p=0.4, pi_n=0.5"),
        (["run", "--pi-p", "half"], "'half' is not a valid float"),
        (["run", "--recipe", "best"], "'best' is not one of 'literal', 'paper', 'modern'"),
        (
            ["run", "--task", "digits:5-vs-x"],
            "Expected classes among 0, 1, 2, 3, 4, 5, 6, 7, 8, 9; got 'x' in '5-vs-x'",
        ),
        (["run", "--size", "42"], "Expected size to be a multiple of 4, the number of subclasses, got 42"),
        (["run", "--seeds", "0"], "Expected seeds to be at least 1, got 0"),
        (["run", "--task", "npz:none.npz"], "got none.npz, which does not exist"),
        (["run", "--run-dir", "/proc/run"], "/proc/run"),
        (["run", "--run-dir", "taken"], "taken, which exists: --overwrite replaces it"),
        (["run", "--config", "none.json"], "none.json"),
        (["run", "--wdith", "1"], "No such option"),
        (["run", "--run-dir", ".", "--overwrite"], ", which is none"),
        (["run", "--task", "mnist:5-vs-7", "--data-dir", "nowhere"], "or a network to download it from; got neither"),
        (["walk"], "No such command"),
        (["run", "--resume", "taken"], "taken without config.json"),
        (
            ["run", "--resume", "taken", "--epochs", "3"],
            "Expected --strategy, --devices, --quiet or --verbose beside --resume, got --epochs",
        ),
        (["run", "--resume", "taken", "--seeds", "2"], "beside --resume, got --seeds or --config"),
        (["run", "--strategy", "ring"], "'ring' is not one of 'auto', 'none', 'mirrored', 'multiworker'"),
        (["run", "--strategy", "multiworker"], "Expected TF_CONFIG"),
        (["run", "--devices", "GPU:9"], "Expected devices to be different ones of CPU:0; got 'GPU:9'"),
        (["run", "--keep-checkpoints", "1"], "Expected keep_checkpoints to be finite and at least 2; got 1"),
        (["run", "--on-non-finite", "pray"], "'pray' is not one of 'lower', 'stop'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message, tmp_path, monkeypatch, refused):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    monkeypatch.setattr(tfds.socket, "create_connection", no_network)
    refused(arguments, message)
    assert not list((tmp_path / "taken").iterdir())
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())


def no_network(*_, **__):
    raise OSError("unreachable")


def test_without_a_command_it_prints_its_help():
    done = nlgan_tf()
    assert done.returncode == 2
    assert "Commands:\n" in done.stdout + done.stderr
