from types import SimpleNamespace

from nlgan_tf.training.checkpoints import Checkpoints, NoCheckpoints
from nlgan_tf.training.survival import Survival
from nlgan_tf.training.tensorboard import Shown


def test_each_training_has_its_checkpoints_in_a_folder_of_its_own(tmp_path):
    survival = Survival(folder=tmp_path, owner="a digest", keep=5)
    one, two = survival.checkpoints("stage_one"), survival.checkpoints("classifier")
    assert (one.folder, two.folder) == (tmp_path / "stage_one", tmp_path / "classifier")
    assert (one.owner, two.owner) == ("stage_one of a digest", "classifier of a digest")
    assert isinstance(one, Checkpoints)
    assert one.keep == 5


def test_without_a_folder_nothing_is_saved():
    assert isinstance(Survival().checkpoints("stage_one"), NoCheckpoints)


def other(chief: bool) -> SimpleNamespace:
    """One of several processes; tests/training/test_distribution.py starts real ones."""
    return SimpleNamespace(chief=chief, several=True)


def test_event_files_are_the_chiefs_where_asked_for(tmp_path):
    assert Survival().event_files("stage_one", 3, Shown) == []
    assert Survival(tensorboard=tmp_path, processes=other(chief=False)).event_files("stage_one", 3, Shown) == []


def test_a_process_alone_shows_pictures_and_several_show_none(tmp_path):
    def pictures() -> Shown:
        return Shown()

    (alone,) = Survival(tensorboard=tmp_path).event_files("stage_one", 3, pictures)
    assert (alone.folder, alone.epochs, alone.show) == (tmp_path / "stage_one", 3, pictures)
    # What the chief alone drew, the others would wait for.
    (chief,) = Survival(tensorboard=tmp_path, processes=other(chief=True)).event_files("stage_one", 3, pictures)
    assert chief.show is Shown
