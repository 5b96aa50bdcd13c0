import json
import subprocess

import numpy as np
import pytest

from nlgan_tf.training.checkpoints import Checkpoints


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def checkpoints(tmp_path, said) -> Checkpoints:
    return Checkpoints(tmp_path / "stage_one", "this run", keep=2, say=said.append)


def mark(model, value: int) -> None:
    model.step.assign(value)


def saved(checkpoints, model, *steps: int) -> None:
    for step in steps:
        mark(model, step)
        checkpoints.save(model, {"step": step})


def test_the_last_one_comes_back_with_all_that_training_needs(checkpoints, tiny_model, images, labels):
    model = tiny_model()
    model.train_step((images[:16], labels[:16]))
    checkpoints.save(model, {"epoch": 3, "share": 0.1})
    other = tiny_model(seed=1)
    assert checkpoints.restore(other) == {"epoch": 3, "share": 0.1}
    for name in ("weights", "d_optimizer", "gp_optimizer", "gn_optimizer"):
        mine, theirs = (getattr(part, "variables", part) for part in (getattr(model, name), getattr(other, name)))
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_without_any_there_is_none(checkpoints, tiny_model):
    assert checkpoints.restore(tiny_model()) is None


def test_the_last_n_are_kept_and_sha256sum_agrees(checkpoints, tiny_model):
    saved(checkpoints, tiny_model(), 1, 2, 3, 4)
    folders = sorted(checkpoints.folder.iterdir())
    assert [folder.name for folder in folders] == ["000003", "000004"]
    for folder in folders:
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)


def truncate(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [truncate, flip_a_bit, lambda path: path.unlink()])
@pytest.mark.parametrize("name", ["model.weights.h5", "state.json", "SHA256SUMS"])
def test_a_damaged_one_falls_back_to_the_one_before_and_says_so(checkpoints, tiny_model, said, damage, name):
    model = tiny_model()
    saved(checkpoints, model, 1, 2)
    damage(checkpoints.folder / "000002" / name)
    assert checkpoints.restore(model) == {"step": 1}
    assert int(model.step) == 1
    assert said == [f"Checkpoint {checkpoints.folder / '000002'} is damaged: falling back to the one before it."]
    saved(checkpoints, model, 3)
    assert checkpoints.restore(model) == {"step": 3}


def test_when_all_are_damaged_it_says_so_and_touches_nothing(checkpoints, tiny_model):
    model = tiny_model()
    saved(checkpoints, model, 1, 2)
    for folder in checkpoints.folder.iterdir():
        truncate(folder / "model.weights.h5")
    mark(model, 7)
    with pytest.raises(
        ValueError, match=r"Expected a whole checkpoint in .*, got damaged ones alone: delete the folder to train anew"
    ):
        checkpoints.restore(model)
    assert int(model.step) == 7
    assert len(list(checkpoints.folder.iterdir())) == 2


def test_another_run_s_checkpoint_is_refused(checkpoints, tiny_model):
    saved(checkpoints, tiny_model(), 1)
    other = Checkpoints(checkpoints.folder, "another run")
    model = tiny_model(width=0.2)
    before = model.get_weights()
    with pytest.raises(ValueError, match="000001 of another configuration or data set"):
        other.restore(model)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_another_architecture_is_refused_even_under_the_same_owner(checkpoints, tiny_model):
    saved(checkpoints, tiny_model(), 1)
    with pytest.raises(ValueError, match="000001, which does not fit"):
        checkpoints.restore(tiny_model(width=0.2))


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_ones(checkpoints, tiny_model, monkeypatch):
    model = tiny_model()
    saved(checkpoints, model, 1)
    monkeypatch.setattr(json, "dumps", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        checkpoints.save(model, {"step": 2})
    assert [path.name for path in checkpoints.folder.iterdir()] == ["000001"]
    assert checkpoints.restore(model) == {"step": 1}
