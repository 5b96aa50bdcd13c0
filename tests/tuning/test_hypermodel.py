import functools
import json

import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf.compat.gradients import custom_gradients
from nlgan_tf.compat.keras import keras
from nlgan_tf.config import StageOneConfig, StageTwoConfig
from nlgan_tf.data.noise import NoisePriors
from nlgan_tf.data.task import ImageTask
from nlgan_tf.noise_rates.callback import EstimatePriors
from nlgan_tf.tuning import hypermodel as hypermodels
from nlgan_tf.tuning.hypermodel import NLGANHyperModel
from nlgan_tf.tuning.objectives import OBJECTIVES
from nlgan_tf.two_stages import stage_one_batches, train_stage_two

PRIORS = NoisePriors(0.7, 0.85)
STAGE_ONE = StageOneConfig(width=0.1, epochs=1, batch_size=8, samples_per_epoch=16)
STAGE_TWO = StageTwoConfig(width=0.1, epochs=1, batch_size=8, samples_per_epoch=16, num_images=8)

pytestmark = pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`")


@pytest.fixture(autouse=True)
def eager():
    """Steps are few here, and tracing them would take most of the time."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def task(images, labels) -> ImageTask:
    return ImageTask(images, labels, test_images=255 - images[:4], test_labels=labels[:4])


@pytest.fixture
def hypermodel(task, labels):
    def make(**settings) -> NLGANHyperModel:
        return NLGANHyperModel(task, 1 - labels, PRIORS, **{"stage_one": STAGE_ONE, "stage_two": STAGE_TWO, **settings})

    return make


def quiet_tuner(hypermodel, folder, tuner=keras_tuner.RandomSearch, **settings):
    if tuner is not keras_tuner.Hyperband:
        settings.setdefault("max_trials", 2)
    return tuner(hypermodel, hypermodel.objective, directory=folder, project_name="search", **settings)


def test_no_true_label_and_no_test_image_is_read(task, labels):
    hidden = ImageTask(task.images, noisy_labels=1 - labels)
    one, other = (
        NLGANHyperModel(known, noisy, PRIORS, stage_one=STAGE_ONE)
        for known, noisy in ((task, 1 - labels), (hidden, None))
    )
    for part in ("training", "validation"):
        for mine, theirs in zip(getattr(one, part), getattr(other, part), strict=True):
            assert np.array_equal(mine, theirs)


def test_held_out_images_are_not_trained_on(hypermodel):
    model = hypermodel(validation_split=0.25)
    training, validation = ({image.tobytes() for image in part[0]} for part in (model.training, model.validation))
    assert not training & validation
    assert (len(training), len(validation)) == (30, 10)
    assert model.validation[1].sum() == 5


@pytest.mark.slow
def test_priors_that_are_not_known_are_estimated_once_before_the_first_trial(rng, labels, monkeypatch):
    tf.config.run_functions_eagerly(False)  # Here steps are many.
    monkeypatch.setattr(hypermodels, "EstimatePriors", functools.partial(EstimatePriors, max_steps=60))
    # Bright positives and dark negatives, all labelled rightly.
    images = rng.integers(0, 100, (40, 8, 8, 1)) + 150 * labels[:, np.newaxis, np.newaxis, np.newaxis]
    task = ImageTask(images.astype(np.uint8), noisy_labels=labels)
    hypermodel = NLGANHyperModel(task, None, "estimate", stage_one=STAGE_ONE)
    assert hypermodel.priors == "estimate"
    first = hypermodel.build(keras_tuner.HyperParameters())
    assert first.priors == hypermodel.priors
    assert first.priors.pi_p > 0.7
    hypermodel.priors = PRIORS
    assert hypermodel.build(keras_tuner.HyperParameters()).priors == PRIORS


def test_build_gives_a_compiled_model_of_the_hyperparameters(hypermodel):
    hp = keras_tuner.HyperParameters()
    hp.Fixed("alpha", 7.0)
    model = hypermodel(tune=("alpha", "beta", "loss")).build(hp)
    assert (model.alpha, model.beta, model.loss_metric) == (7.0, 0.5, "bce")
    assert {item.name for item in hp.space} == {"alpha", "beta", "loss"}


def test_with_adam_only_the_ratio_of_alpha_to_beta_matters(hypermodel):
    def trained_d(alpha: float, beta: float) -> np.ndarray:
        hp = keras_tuner.HyperParameters()
        hp.Fixed("alpha", alpha)
        hp.Fixed("beta", beta)
        model = hypermodel().build(hp)
        model.fit(stage_one_batches(*hypermodel().training, STAGE_ONE, seed=0), verbose=0)
        return np.concatenate([np.ravel(weight) for weight in model.discriminator.get_weights()])

    paper, doubled, other = trained_d(5.0, 0.5), trained_d(10.0, 1.0), trained_d(5.0, 0.05)
    assert np.abs(paper - doubled).max() < 0.1 * np.abs(paper - other).max()


def test_a_search_reports_every_objective_and_loads_its_best_model(hypermodel, task, tmp_path, capsys):
    model = hypermodel(clean=(task.test_images, task.test_labels), tune=("alpha", "beta", "latent"))
    tuner = quiet_tuner(model, tmp_path)
    tuner.search(epochs=1, verbose=0, callbacks=[keras.callbacks.TensorBoard(tmp_path / "logs")])
    trials = list(tuner.oracle.trials.values())
    assert [trial.status for trial in trials] == ["COMPLETED", "COMPLETED"]
    for trial in trials:
        assert trial.hyperparameters.get("alpha") > trial.hyperparameters.get("beta")
        assert all(trial.metrics.exists(name) for name in (*OBJECTIVES, "d_loss", "val_noisy_accuracy", "seconds"))
    best = tuner.get_best_models()[0]
    assert best.alpha == tuner.get_best_hyperparameters()[0].get("alpha")
    again = model.measures(best, train_stage_two(best, model.stage_two, model.seed)[1])
    assert again["agreement"] == pytest.approx(tuner.oracle.get_best_trials()[0].metrics.get_best_value("agreement"))
    tuner.results_summary()
    assert "alpha:" in capsys.readouterr().out
    assert_hparams_page(tmp_path / "logs", trials[0])
    resumed = quiet_tuner(model, tmp_path, max_trials=3)
    assert resumed.remaining_trials == 1
    resumed.search(verbose=0)
    # By name: keras-tuner reads trials back in the file system's order.
    assert [resumed.oracle.trials[trial.trial_id].score for trial in trials] == [trial.score for trial in trials]


def assert_hparams_page(logs, trial):
    """What TensorBoard's HParams page reads: the trial's values, and its objectives as scalars."""
    events = [
        value
        for path in (logs / trial.trial_id / "execution0").rglob("events.*")
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
    ]
    plugins = {value.metadata.plugin_data.plugin_name for value in events}
    assert "hparams" in plugins
    assert any(
        b"alpha" in value.metadata.plugin_data.content
        for value in events
        if value.metadata.plugin_data.plugin_name == "hparams"
    )
    assert {"corrected_accuracy", "agreement"} <= {value.tag for value in events}


@pytest.mark.slow
def test_hyperband_continues_its_trials(hypermodel, tmp_path):
    tuner = quiet_tuner(hypermodel(), tmp_path, keras_tuner.Hyperband, max_epochs=2, factor=2)
    tuner.oracle.max_trials = 3
    tuner.search(verbose=0)
    trials = list(tuner.oracle.trials.values())
    assert {trial.status for trial in trials} == {"COMPLETED"}
    continued = [trial for trial in trials if "tuner/trial_id" in trial.hyperparameters.values]
    assert continued
    assert continued[0].hyperparameters.get("tuner/initial_epoch") == 1


@pytest.mark.parametrize("tuner", [keras_tuner.BayesianOptimization, keras_tuner.GridSearch])
def test_other_tuners(hypermodel, tmp_path, tuner):
    tuner = quiet_tuner(hypermodel(points=2), tmp_path, tuner, max_trials=1)
    kept = custom_gradients()
    tuner.search(verbose=0)
    assert custom_gradients() == kept
    assert [trial.status for trial in tuner.oracle.trials.values()] == ["COMPLETED"]


def test_a_tuner_without_an_objective_minimises_the_default(hypermodel, tmp_path):
    tuner = keras_tuner.RandomSearch(hypermodel(), max_trials=1, directory=tmp_path, project_name="search")
    tuner.search(verbose=0)
    (trial,) = tuner.oracle.trials.values()
    assert trial.score == pytest.approx(-trial.metrics.get_best_value(hypermodel().objective_name))


def test_a_trial_that_diverges_fails_with_its_reason(hypermodel, tmp_path):
    base = StageOneConfig(width=0.1, epochs=1, batch_size=8, samples_per_epoch=64, d_learning_rate=1e30)
    tuner = quiet_tuner(hypermodel(stage_one=base), tmp_path, max_trials=1)
    tuner.search(verbose=0)
    (trial,) = tuner.oracle.trials.values()
    assert trial.status == "FAILED"
    assert "not finite after 1 epochs: lower learning rates may help" in trial.message
    assert json.loads((tmp_path / "search" / "trial_0" / "trial.json").read_text())["status"] == "FAILED"


def test_bad_input_is_one_clear_line(task, labels):
    def message(*arguments, **settings) -> str:
        with pytest.raises(ValueError, match=r"accepted|Expected") as error:
            NLGANHyperModel(task, *arguments, **settings)
        return str(error.value)

    assert message(labels, PRIORS, objective="clean_accuracy") == (
        "Expected clean images and labels for objective 'clean_accuracy', got none"
    )
    assert message(labels, PRIORS, recipe="best") == "Expected recipe to be one of literal, paper, modern; got 'best'"
    assert message(labels, PRIORS, validation_split=1.0) == (
        "Expected validation_split to be above 0 and below 1; got 1.0"
    )
    assert message(None, PRIORS) == "Expected noisy_labels, or a task with noisy labels of its own; got neither"
    assert message(labels, "guess") == "Expected priors to be NoisePriors or \"estimate\", got 'guess'"
    assert "Expected labels of shape (40,), one label per image, got shape (3,)" in message(labels[:3], PRIORS)
