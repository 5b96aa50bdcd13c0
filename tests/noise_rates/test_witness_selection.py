import numpy as np
import pytest

import nlgan_tf as nl
from nlgan_tf.noise_rates.calibration import calibrate
from nlgan_tf.noise_rates.folds import stratified_folds
from nlgan_tf.noise_rates.posterior import noisy_log_likelihoods
from nlgan_tf.noise_rates.witness_selection import combined_scores, held_out_likelihood, select_witnesses

PRIORS = nl.NoisePriors(0.7, 0.85)


def test_scores_are_summed_in_standard_units():
    first, second = np.array([1.0, 3.0]), np.array([100.0, 20.0])  # means 2 and 60, deviations 1 and 40
    np.testing.assert_allclose(combined_scores([first]), [-1, 1])
    np.testing.assert_allclose(combined_scores([first, second]), [0, 0])
    with pytest.raises(nl.InputError, match=r"Expected scores of one length .*, got lengths \[1, 2\]"):
        combined_scores([first, [1.0]])
    with pytest.raises(nl.InputError, match=r"from at least one witness, got lengths \[\]"):
        combined_scores([])


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_dropped_and_information_kept(seed):
    rng = np.random.default_rng(seed)
    true = np.tile([1, 0], 500)
    noisy = nl.corrupt_labels(true, PRIORS, seed)
    scores = {
        "noise": rng.normal(size=1000),
        "one": rng.normal(2 * true, 1),
        "other": rng.normal(200 * true, 100),
    }
    selection = select_witnesses(scores, noisy, PRIORS)
    assert sorted(selection.kept) == ["one", "other"]
    assert [line.split(":")[0].split()[-1] for line in selection.lines] == [*selection.kept, "noise"]
    alone = {name: held_out_likelihood(scores[name], noisy, PRIORS) for name in scores}
    best = max(alone, key=alone.get)
    assert selection.lines[0] == (
        f"Judge of the labels {best}: kept, as the given labels are predicted better with {best} "
        f"(mean log-likelihood {alone[best]:.4f}, without {prior(noisy):.4f}; higher is better)"
    )
    assert "noise: dropped, as the given labels are predicted no better with noise (" in selection.lines[2]


def prior(noisy: np.ndarray) -> float:
    share = np.mean(noisy)
    return share * np.log(share) + (1 - share) * np.log(1 - share)


def test_what_has_learned_the_labels_is_no_measure_for_the_others(rng):
    true = np.tile([1, 0], 200)
    noisy = nl.corrupt_labels(true, PRIORS, 0)
    # D has memorised most of the wrong labels; the other witness is good, and adds nothing to what D has memorised.
    scores = {"D": 4 * noisy + rng.normal(size=400), "other": rng.normal(1.5 * true, 1)}
    assert select_witnesses(scores, noisy, PRIORS).kept == ["D"]
    selection = select_witnesses(scores, noisy, PRIORS, in_sample=["D"])
    assert selection.kept == ["D", "other"]
    alone = held_out_likelihood(scores["other"], noisy, PRIORS)
    assert selection.lines[0].startswith("Judge of the labels D: kept, ")
    assert selection.lines[0].endswith("; D has learned these labels, so other judges are not compared with D")
    assert "other: kept" in selection.lines[1]
    assert f"(mean log-likelihood {alone:.4f}, without {prior(noisy):.4f};" in selection.lines[1]
    # Noise is dropped as before, learned or not.
    noise = {"D": rng.normal(size=400), "other": scores["other"]}
    assert select_witnesses(noise, noisy, PRIORS, in_sample=["D"]).kept == ["other"]


def test_where_nothing_knows_the_labels_nothing_is_kept(rng):
    noisy = nl.corrupt_labels(np.tile([1, 0], 300), PRIORS, 0)
    assert select_witnesses({"one": rng.normal(size=600), "two": rng.normal(size=600)}, noisy, PRIORS).kept == []
    assert select_witnesses({}, noisy, PRIORS).lines == []


def test_a_preferred_witness_is_kept_alone_unless_others_are_clearly_better(rng):
    true = np.tile([1, 0], 50)
    noisy = nl.corrupt_labels(true, PRIORS, 0)
    # Equal to the others' sum but for a trace of noise: never better beyond chance, whatever its sign.
    known = rng.normal(2 * true, 1)
    scores = {"D": known, "groups": known + rng.normal(0, 0.05, size=100)}
    selection = select_witnesses(scores, noisy, PRIORS, preferred="groups")
    assert selection.kept == ["groups"]
    assert select_witnesses(scores, noisy, PRIORS, preferred="D").kept == ["D"]
    # Where nothing tells more than the labels' shares, the preferred one is as good as any.
    noise = {"D": rng.normal(size=100), "groups": rng.normal(size=100)}
    assert select_witnesses(noise, noisy, PRIORS).kept == []
    selection = select_witnesses(noise, noisy, PRIORS, preferred="groups")
    assert selection.kept == ["groups"]
    assert "alone, as the labels' shares would not predict" in selection.lines[0]
    # A preferred witness that says nothing gives way to one that does.
    blind = {"D": known, "groups": rng.normal(size=100)}
    assert "D" in select_witnesses(blind, noisy, PRIORS, preferred="groups").kept


def test_two_standard_errors_by_hand():
    rng = np.random.default_rng(2)
    true = np.tile([1, 0], 50)
    noisy = nl.corrupt_labels(true, PRIORS, 0)
    scores = {"D": rng.normal(2 * true, 1), "groups": rng.normal(1.2 * true, 1)}
    assert select_witnesses(scores, noisy, PRIORS).kept == ["D"]

    def log_likelihoods(name: str) -> np.ndarray:
        fold, probability = stratified_folds(noisy, 5, 0), np.empty(100)
        for number in range(5):
            held = fold == number
            probability[held] = calibrate(scores[name][~held], noisy[~held], PRIORS)(scores[name][held])
        return noisy_log_likelihoods(probability, noisy, PRIORS)

    gains = log_likelihoods("D") - log_likelihoods("groups")
    error = np.sqrt(np.sum((gains - gains.mean()) ** 2) / 99 / 100)
    assert 0 < gains.mean() < 2 * error
    selection = select_witnesses(scores, noisy, PRIORS, preferred="groups")
    assert selection.kept == ["groups"]
    assert selection.lines == [
        "Judge of the labels groups: alone, as D would not predict the given labels clearly better "
        f"(mean log-likelihood {gains.mean():+.4f}, standard error {error:.4f}; by 2 of them counts as clearly)"
    ]
