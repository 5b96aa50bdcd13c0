import dataclasses
import io
import pickle
import zipfile

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

import nlgan_tf as nl
from helpers.halves import halves
from nlgan_tf.config import StageOneConfig, StageTwoConfig

PRIORS = nl.NoisePriors(0.7, 0.85)
STAGE_ONE = StageOneConfig(epochs=1, batch_size=16, samples_per_epoch=64, width=0.1, spectral_layers="all")
STAGE_TWO = StageTwoConfig(num_images=20, epochs=1, batch_size=16, samples_per_epoch=32, width=0.1, learns_from="both")
TINY = {"priors": PRIORS, "stage_one": STAGE_ONE, "stage_two": STAGE_TWO}
IMAGES, TRUE = halves(60)
NOISY = nl.corrupt_labels(TRUE, PRIORS, seed=0)
NAMES = np.array(["ham", "spam"])

FLAT = "X are images: rows of numbers have no height and width"
NOT_RAISED = "X are images: the refusal of rows comes before the one that is looked for"
# scikit-learn's checks give rows of numbers, all but those of the interface alone.
EXPECTED_FAILURES = {
    **dict.fromkeys(
        (
            "check_classifier_data_not_an_array",
            "check_classifiers_classes",
            "check_classifiers_regression_target",
            "check_classifiers_train",
            "check_dict_unchanged",
            "check_dont_overwrite_parameters",
            "check_dtype_object",
            "check_estimator_sparse_array",
            "check_estimator_sparse_matrix",
            "check_estimator_sparse_tag",
            "check_estimators_dtypes",
            "check_estimators_fit_returns_self",
            "check_estimators_overwrite_params",
            "check_estimators_pickle",
            "check_f_contiguous_array_estimator",
            "check_fit2d_1feature",
            "check_fit2d_1sample",
            "check_fit2d_predict1d",
            "check_fit_check_is_fitted",
            "check_fit_idempotent",
            "check_fit_score_takes_y",
            "check_methods_sample_order_invariance",
            "check_methods_subset_invariance",
            "check_n_features_in",
            "check_n_features_in_after_fitting",
            "check_pipeline_consistency",
            "check_positive_only_tag_during_fit",
            "check_readonly_memmap_input",
            "check_supervised_y_2d",
        ),
        FLAT,
    ),
    **dict.fromkeys(
        (
            "check_classifiers_one_label",
            "check_classifier_not_supporting_multiclass",
            "check_complex_data",
            "check_estimators_empty_data_messages",
            "check_estimators_nan_inf",
            "check_requires_y_none",
        ),
        NOT_RAISED,
    ),
}


class TakenForRows(nl.NLGANClassifier):
    """The same, but for the tag by which scikit-learn would leave out all checks."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


@parametrize_with_checks([TakenForRows()], expected_failed_checks=lambda _: EXPECTED_FAILURES)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def fitted() -> nl.NLGANClassifier:
    return nl.NLGANClassifier(**TINY).fit(IMAGES, NAMES[NOISY])


def test_what_is_known_after_fit(fitted):
    assert fitted.classes_.tolist() == ["ham", "spam"]
    assert fitted.image_shape_ == (8, 8, 1)
    assert fitted.label_quality_.shape == (60,)
    assert fitted.label_quality_.dtype == np.float32
    assert ((fitted.label_quality_ >= 0) & (fitted.label_quality_ <= 1)).all()
    assert fitted.priors_ == PRIORS
    share = NOISY.mean()
    f1, f0 = PRIORS.flip_rates(PRIORS.class_prior(share))
    np.testing.assert_allclose(fitted.noise_rates_, [f0, f1])
    # What is said of the labels agrees with their number: those that come from the other class.
    positive = PRIORS.class_prior(share)
    assert (1 - positive) * fitted.noise_rates_[0] == pytest.approx(share * (1 - PRIORS.pi_p))


def test_probabilities_and_classes_agree(fitted):
    probability = fitted.predict_proba(IMAGES)
    assert probability.shape == (60, 2)
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(fitted.predict(IMAGES), NAMES[(probability[:, 1] > 0.5).astype(int)])
    assert fitted.score(IMAGES, fitted.predict(IMAGES)) == 1


def test_a_pickle_holds_keras_files_and_predicts_the_same(fitted):
    state = fitted.__getstate__()
    for content in (state["classifier_"], *state["models_"]):
        assert "config.json" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(IMAGES), fitted.predict_proba(IMAGES))
    np.testing.assert_array_equal(again.label_quality_, fitted.label_quality_)
    np.testing.assert_array_equal(again.models_[0].hallucinate(4)[0], fitted.models_[0].hallucinate(4)[0])


def test_a_clone_is_not_fitted_and_has_the_same_settings(fitted):
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    for use in (copy.predict, copy.predict_proba):
        with pytest.raises(NotFittedError):
            use(IMAGES)
    assert pickle.loads(pickle.dumps(copy)).get_params() == copy.get_params()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_classifier_which_the_numbers_change(fitted):
    again = clone(fitted).fit(IMAGES, NAMES[NOISY])
    np.testing.assert_array_equal(again.predict_proba(IMAGES), fitted.predict_proba(IMAGES))
    longer = clone(fitted).set_params(epochs=2, classifier_epochs=2, alpha=2.0).fit(IMAGES, NAMES[NOISY])
    assert np.abs(longer.predict_proba(IMAGES) - fitted.predict_proba(IMAGES)).max() > 1e-4


@pytest.mark.slow
def test_cross_validation_and_pipeline():
    pipeline = make_pipeline(FunctionTransformer(lambda images: images[:, ::-1]), nl.NLGANClassifier(**TINY))
    scores = cross_val_score(pipeline, IMAGES, NOISY, cv=2, error_score="raise")
    assert scores.shape == (2,)
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.slow
def test_grid_search():
    search = GridSearchCV(nl.NLGANClassifier(**TINY), {"beta": [0.1, 0.5]}, cv=2, error_score="raise")
    search.fit(IMAGES, NOISY)
    assert search.best_params_["beta"] in (0.1, 0.5)
    assert search.predict(IMAGES).shape == (60,)


@pytest.mark.slow
def test_drawn_images_alone_still_give_a_quality_of_labels():
    plain = StageTwoConfig(num_images=20, epochs=1, batch_size=16, samples_per_epoch=32, width=0.1)
    fitted = nl.NLGANClassifier(**{**TINY, "stage_two": plain}).fit(IMAGES, NOISY)
    assert ((fitted.label_quality_ >= 0) & (fitted.label_quality_ <= 1)).all()
    assert fitted.predict(IMAGES).dtype == NOISY.dtype


@pytest.mark.slow
def test_refined_generators_count_each_label_once():
    settings = {**TINY, "stage_one": dataclasses.replace(STAGE_ONE, refine_epochs=1)}
    settings["stage_two"] = dataclasses.replace(STAGE_TWO, learns_from="drawn")
    fitted = nl.NLGANClassifier(**settings).fit(IMAGES, NOISY)
    posterior = nl.train_two_stages(IMAGES, NOISY, **settings).posterior
    np.testing.assert_array_equal(fitted.label_quality_, np.where(NOISY == 1, posterior, 1 - posterior))


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (IMAGES.reshape(60, -1), NOISY, "Expected X of shape"),
        (IMAGES, np.zeros(60), "labels of two classes, got 1 class"),
        (IMAGES, np.arange(60) % 3, "labels of two classes, got 3 classes"),
        (IMAGES, NOISY[:-1], r"Expected y of shape \(60,\)"),
        (IMAGES, None, "Expected y, one label per image, got None"),
        (IMAGES, NOISY + np.linspace(0, 0.5, 60), "labels of two classes, got continuous"),
        (IMAGES, np.where(NOISY, 1.0, np.nan), "labels of two classes, got NaN"),
        (IMAGES, np.array([None, *["a"] * 59], object), "labels of two classes, got others"),
        (IMAGES[:, :6], NOISY, "divisible by 4"),
    ],
)
def test_what_is_refused(X, y, message):
    with pytest.raises(nl.InputError, match=message):
        nl.NLGANClassifier(**TINY).fit(X, y)


@pytest.mark.parametrize("setting", [{"recipe": "none"}, {"epochs": 0}, {"seed": -1}, {"priors": "guess"}])
def test_settings_that_are_refused_at_fit(setting):
    with pytest.raises(nl.InputError, match=next(iter(setting))):
        nl.NLGANClassifier(**{**TINY, **setting}).fit(IMAGES, NOISY)


def test_images_of_another_shape_are_refused(fitted):
    with pytest.raises(nl.InputError, match=r"Expected X of shape \(n, 8, 8, 1\)"):
        fitted.predict(np.zeros((2, 12, 12, 1), np.uint8))


def test_scikit_learn_knows_that_x_are_no_rows():
    from sklearn.utils.estimator_checks import check_estimator

    with pytest.warns(SkipTestWarning, match="requires input"):
        check_estimator(nl.NLGANClassifier())
