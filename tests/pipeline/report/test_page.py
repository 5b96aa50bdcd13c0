import base64
import dataclasses
import json
import re

import numpy as np
import pytest

from helpers.html_page import Page, check_self_contained
from helpers.photographs import class_folders
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.noise_rates.estimate import PriorsEstimate
from nlgan_tf.pipeline.config import RunConfig
from nlgan_tf.pipeline.finished import FinishedRun
from nlgan_tf.pipeline.prepare import prepare_task
from nlgan_tf.pipeline.report.blocks import Text
from nlgan_tf.pipeline.report.page import render, write_report
from nlgan_tf.pipeline.report.sections.registry import SECTIONS, Section
from nlgan_tf.pipeline.report.sections.serving import SERVING_IMAGE


@pytest.fixture(scope="module")
def html(judged_run) -> str:
    return render(FinishedRun(judged_run))


def test_the_page_needs_no_other_file_and_no_script(html):
    page = check_self_contained(html)
    headings = [text for tag, text in page.texts if tag == "h2"]
    assert headings == [section.title for section in SECTIONS.values()]
    assert [image["alt"] for image in page.of("img")].count("") == 0


def test_the_first_section_answers_from_the_runs_numbers(html):
    page = Page(html)
    # 4 labels of quality .2 and 36 of .9: 4 x .8 + 36 x .1 = 6.8 wrong.
    assert ("p", "About 7 of 40 (17%)") in page.texts
    assert ("p", "4 labels are likelier wrong than right") in page.texts
    # 205 of 216 right: the 95% interval begins at .911, above .9.
    assert ("p", "A peer is better") in page.texts
    assert ("p", "No: a generator has collapsed") in page.texts
    steps = [text for tag, text in page.texts if tag == "a"][:3]
    assert steps[0] == "Look at the 4 doubted labels, and correct those that are wrong."
    assert steps[1] == "Take “SVC” for this data."
    assert steps[2].startswith("Run again with another --seed")


def test_what_is_marked_is_bold(html):
    page = Page(html)
    assert page.marked[:2] == ["Served: the classifier of the run", "0.900"]
    assert ("strong", "<b>five</b> → two & four") in page.texts


def test_versions_commands_and_files_are_shown(html, judged_run):
    page = Page(html)
    assert ("td", "9.9.9") in page.texts
    commands = [text for tag, text in page.texts if tag == "code"]
    assert f"nlgan-tf run --config '{judged_run}/config.json' --run-dir again" in commands
    assert any(command.startswith("docker run") and SERVING_IMAGE in command for command in commands)
    assert ("th", "posterior.npz") in page.texts


def test_figures_follow_the_readers_colours(html):
    figures = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", html)
    assert len(figures) == 4
    for figure in figures:
        svg = base64.b64decode(figure).decode()
        assert "prefers-color-scheme:dark" in svg
        assert "#000000" not in svg


def test_a_run_without_posterior_says_so(spoiled_run):
    (spoiled_run / "config.json").write_text(RunConfig(size=40, recipe="paper").to_json())
    (spoiled_run / "posterior.npz").unlink()
    page = check_self_contained(render(FinishedRun(spoiled_run)))
    assert page.text.count("A run of this recipe learns from drawn images alone, and judges no single label.") == 2
    assert ("p", "Not known label by label") in page.texts
    assert ("li", "nlgan-tf score --task digits:5,7-vs-2,4 judges every label.") in page.texts


def test_a_page_without_the_data_says_so_and_shows_the_rest(spoiled_run):
    (spoiled_run / "config.json").write_text(RunConfig(task="npz:/gone.npz", pi_p=0.7, pi_n=0.85).to_json())
    page = check_self_contained(render(FinishedRun(spoiled_run)))
    assert ("p", "Not known without the data") in page.texts
    assert "The images of npz:/gone.npz cannot be read again: Expected npz:PATH of a file" in page.text
    # Three learning curves, and the drawn images and the paths of both classes.
    assert len(page.of("img")) == 7


def test_data_that_changed_since_are_not_taken_for_the_runs(spoiled_run):
    (spoiled_run / "config.json").write_text(RunConfig(size=80).to_json())
    page = check_self_contained(render(FinishedRun(spoiled_run)))
    assert "cannot be read again: they have changed since the run." in page.text
    assert not any(text.startswith("quality ") for _, text in page.texts)


def test_a_page_without_keras_models_lacks_the_histogram_and_the_paths_alone(spoiled_run):
    (spoiled_run / "checkpoints" / "nlgan.keras").unlink()
    page = check_self_contained(render(FinishedRun(spoiled_run)))
    assert "D's histogram is left out: Expected a finished run's checkpoints/nlgan.keras" in page.text
    assert "The paths from one drawn image to another are left out: Expected a finished run's" in page.text
    assert len(page.of("img")) == 24 + 6 + 3


def test_a_run_without_test_images_says_so(spoiled_run):
    (spoiled_run / "metrics.json").write_text(json.dumps({"settings": {}}))
    page = check_self_contained(render(FinishedRun(spoiled_run)))
    assert ("p", "Not known without test images") in page.texts
    # (4 x .8 + 36 x .9) / 40 = .89
    assert "By the run's own judgement 89% of the suggested labels" in page.text
    assert ("p", "The run had no test images with true labels, so no accuracy is known.") in page.texts


def test_one_entry_adds_a_section(judged_run, monkeypatch):
    monkeypatch.setitem(SECTIONS, "more", Section("One more", lambda facts: [Text(f"seed {facts.run.config.seed}")]))
    page = check_self_contained(render(FinishedRun(judged_run)))
    assert [text for tag, text in page.texts if tag == "h2"][-1] == "One more"
    assert page.texts[-2] == ("p", "seed 0")


def test_the_page_is_written_whole_beside_what_exists(spoiled_run, tmp_path):
    (spoiled_run / "config.json").write_text(RunConfig(task="npz:/gone.npz", pi_p=0.7, pi_n=0.85).to_json())
    path = write_report(spoiled_run)
    assert path == spoiled_run / "report.html"
    first = path.read_text()
    assert write_report(spoiled_run).read_text() == first
    other = tmp_path / "folder" / "page.html"
    assert write_report(spoiled_run, other).read_text() == first
    with pytest.raises(FileExistsError, match="--overwrite"):
        write_report(spoiled_run, other)
    assert write_report(spoiled_run, other, overwrite=True) == other
    assert [file.name for file in other.parent.iterdir()] == ["page.html"]


def test_estimated_purities_come_with_their_intervals(spoiled_run):
    estimate = PriorsEstimate(
        0.2, 0.8, (0.1, 0.3), (0.7, 0.9), (0.5, 0.5), True, NoisePriors(0.7, 0.9), (0.6, 0.8), (0.85, 0.95), "a verdict"
    )
    (spoiled_run / "priors.json").write_text(json.dumps(dataclasses.asdict(estimate)))
    page = check_self_contained(render(FinishedRun(spoiled_run)))
    assert "The purities are estimated: 70% [60%, 80%] of the labels “<b>five</b>” are right" in page.text
    assert ("td", "pi_p 0.700, pi_n 0.900, estimated") in page.texts
    assert ("th", "priors.json") in page.texts


def test_suspects_of_a_folder_are_named_by_file_beside_what_was_skipped(spoiled_run, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    photos = class_folders(tmp_path / "photos", {"cat": 20, "dog": 20}, height=16, width=16, channels=1)
    (photos / "cat" / "<b>.png").write_bytes(b"")
    (photos / "dog" / "again.png").write_bytes((photos / "cat" / "3.png").read_bytes())
    config = RunConfig(task=f"folder:{photos}", skip_unreadable=True, pi_p=0.7, pi_n=0.85)
    (spoiled_run / "config.json").write_text(config.to_json())
    posterior = np.repeat([0.1, 0.9], [20, 21])  # Classes in their order; dog/7.png is the doubtful one.
    files = prepare_task(config).files
    posterior[files.index("dog/7.png")] = 0.2
    np.savez(spoiled_run / "posterior.npz", originals=posterior.astype(np.float32), drawn=np.ones(10, np.float32))
    page = render(FinishedRun(spoiled_run))
    assert "file dog/7.png" in page
    assert "Skipped files: 1 (cat/&lt;b&gt;.png: zero bytes)" in page
    assert "Equal images with labels that contradict each other: cat/3.png (cat), dog/again.png (dog)" in page
