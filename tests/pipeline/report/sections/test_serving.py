import shlex
import shutil

from nlgan_tf.pipeline.report.blocks import Command, Text
from nlgan_tf.pipeline.report.sections import serving


def test_commands_name_the_run_as_a_shell_reads_it(facts, judged_run):
    repeat, serve, request, publish, _ = serving.blocks(facts)
    assert all(isinstance(block, Command) for block in (repeat, serve, request, publish))
    # The folder's name has a space and brackets.
    assert shlex.split(repeat.command)[3] == f"{judged_run}/config.json"
    words = shlex.split(serve.command.replace("\\\n", ""))
    assert words[words.index("-v") + 1] == f"{judged_run}/saved_models:/models:ro"
    assert serving.SERVING_IMAGE in words
    assert shlex.split(publish.command) == ["nlgan-tf", "export", str(judged_run), "--to", "base"]


def test_a_run_without_exports_names_the_command_that_makes_them(spoiled_run, spoiled_facts):
    shutil.rmtree(spoiled_run / "saved_models")
    repeat, text, table = serving.blocks(spoiled_facts())
    assert repeat.text == "To repeat the run:"
    assert text == Text("The run folder has no saved_models; nlgan-tf export writes them elsewhere.")
    assert "saved_models" not in [row[0] for row in table.rows]


def test_files_that_are_there_have_their_content_and_size(spoiled_run, spoiled_facts):
    (spoiled_run / "samples.png").write_bytes(bytes(2_340_000))
    (spoiled_run / "timings.json").write_bytes(bytes(10))
    (spoiled_run / "saved_models" / "classifier" / "1" / "weights").write_bytes(bytes(45_600))
    (spoiled_run / "saved_models" / "classifier" / "1" / "manifest.json").write_bytes(bytes(400))
    rows = {name: (content, size) for name, content, size in serving.blocks(spoiled_facts())[-1].rows}
    assert rows["samples.png"] == ("noisy and drawn images", "2.3\N{NO-BREAK SPACE}MB")
    # All files below a folder, and never less than 1 kB.
    assert rows["saved_models"] == ("the models for TensorFlow Serving", "46\N{NO-BREAK SPACE}kB")
    assert rows["timings.json"] == ("seconds by phase", "1\N{NO-BREAK SPACE}kB")
    assert "priors.json" not in rows
