import numpy as np
import pytest
import tensorflow as tf

from nlgan_tf import losses
from nlgan_tf.config import LOSSES
from nlgan_tf.data.noise import NoisePriors

PRIORS = [NoisePriors(0.85, 0.85), NoisePriors(0.7, 0.85), NoisePriors(0.6, 0.65), NoisePriors(1, 1)]


def mixture(priors: NoisePriors):
    """Logits on 20 positives and 20 negatives, and the indices that make noisy sets of exact purities."""
    logits = tf.Variable(np.random.default_rng(0).normal(size=40).astype(np.float32) * 2)

    def noisy_sets():
        # Each clean logit stands 100 pi times in one noisy set and 100 (1 - pi) times in the other.
        clean_p, clean_n = logits[:20], logits[20:]
        p, n = round(100 * priors.pi_p), round(100 * priors.pi_n)
        noisy_p = tf.concat([tf.repeat(clean_p, p), tf.repeat(clean_n, 100 - p)], 0)
        noisy_n = tf.concat([tf.repeat(clean_n, n), tf.repeat(clean_p, 100 - n)], 0)
        return noisy_p, noisy_n, clean_p, clean_n

    return logits, noisy_sets


def values_and_gradients(priors: NoisePriors, metric: str):
    logits, noisy_sets = mixture(priors)
    with tf.GradientTape(persistent=True) as tape:
        noisy_p, noisy_n, clean_p, clean_n = noisy_sets()
        noisy = losses.noisy_loss(noisy_p, noisy_n, metric)
        clean = losses.clean_equivalent_loss(clean_p, clean_n, priors, metric)
    return noisy.numpy(), clean.numpy(), tape.gradient(noisy, logits).numpy(), tape.gradient(clean, logits).numpy()


@pytest.mark.parametrize("priors", PRIORS, ids=str)
def test_equation_2_equals_equation_3_with_bce(priors):
    noisy, clean, noisy_gradient, clean_gradient = values_and_gradients(priors, "bce")
    assert noisy == pytest.approx(clean, rel=1e-6)
    np.testing.assert_allclose(noisy_gradient, clean_gradient, atol=1e-6)


@pytest.mark.parametrize("priors", PRIORS, ids=str)
def test_with_mse_they_differ_by_a_known_constant(priors):
    noisy, clean, noisy_gradient, clean_gradient = values_and_gradients(priors, "mse")
    pi_p, pi_n, delta_p, delta_n = priors.pi_p, priors.pi_n, priors.delta_p, priors.delta_n
    constant = (pi_p + 1 - pi_n) * delta_p * (1 - delta_p) + (1 - pi_p + pi_n) * delta_n * (1 - delta_n)
    assert noisy - clean == pytest.approx(constant, abs=1e-6)
    np.testing.assert_allclose(noisy_gradient, clean_gradient, atol=1e-6)


def minimum(loss) -> np.ndarray:
    """D's outputs on positives and negatives where `loss(logit_p, logit_n)` is least, by gradient descent."""
    logits = tf.Variable([0.1, -0.1])

    def step(done):
        with tf.GradientTape() as tape:
            value = loss(logits[:1], logits[1:])
        logits.assign_sub(tape.gradient(value, logits))
        return done + 1

    @tf.function(autograph=False)
    def descend():
        tf.while_loop(lambda done: done < 400, step, [tf.constant(0)])

    descend()
    return tf.sigmoid(logits).numpy()


def noisy_expectation(term, p, n, purity):
    """E over a noisy set of `purity` p: the mean over the clean sets, weighted."""
    return purity * term(p) + (1 - purity) * term(n)


@pytest.mark.parametrize("metric", LOSSES)
@pytest.mark.parametrize("priors", PRIORS[:3], ids=str)
def test_the_optimum_of_equation_2_is_delta(priors, metric):
    def loss(p, n):
        return noisy_expectation(lambda x: losses.expected_h(x, 0, metric), p, n, priors.pi_p) + noisy_expectation(
            lambda x: losses.expected_h(x, 1, metric), n, p, priors.pi_n
        )

    assert minimum(loss) == pytest.approx([priors.delta_p, priors.delta_n], abs=2e-3)


@pytest.mark.parametrize("priors", PRIORS[:3], ids=str)
def test_the_optimum_of_equation_5_where_generators_are_perfect(priors):
    alpha, beta, pi_p, pi_n = 5.0, 0.5, priors.pi_p, priors.pi_n

    def loss(p, n):
        # discriminator_loss takes means, so a set of purity pi is two calls, weighted.
        empty = tf.zeros(0)
        noisy_p = noisy_expectation(lambda x: losses.noisy_loss(x, empty), p, n, pi_p)
        noisy_n = noisy_expectation(lambda x: losses.noisy_loss(empty, x), n, p, pi_n)
        return (alpha * (noisy_p + noisy_n) + losses.discriminator_loss(empty, empty, p, n, alpha, beta)) / alpha

    expected = (
        (alpha * (1 - pi_n) + beta) / (alpha * (pi_p + 1 - pi_n) + beta),
        alpha * pi_n / (alpha * (1 - pi_p + pi_n) + beta),
    )
    assert minimum(loss) == pytest.approx(expected, abs=2e-3)


def test_values_by_hand():
    # sigmoid(0) = 1/2, sigmoid(log 3) = 3/4.
    half, three_quarters = tf.constant([0.0]), tf.constant([np.log(3.0)], tf.float32)
    log = np.log
    assert losses.noisy_loss(half, three_quarters).numpy() == pytest.approx(log(2) + log(4 / 3))
    assert losses.noisy_loss(half, three_quarters, "mse").numpy() == pytest.approx(1 / 4 + 1 / 16)
    assert losses.generator_loss(three_quarters, 0.25).numpy() == pytest.approx(0.25 * log(4 / 3) + 0.75 * log(4))
    assert losses.generator_loss(three_quarters, 0.25, "mse").numpy() == pytest.approx(0.25)
    total = losses.discriminator_loss(half, half, three_quarters, three_quarters, alpha=5, beta=0.5)
    assert total.numpy() == pytest.approx(5 * 2 * log(2) + 0.5 * (log(4 / 3) + log(4)), rel=1e-6)
    assert losses.gan_value(three_quarters, half).numpy() == pytest.approx(-log(4 / 3) - log(2))


def test_means_are_taken_within_each_argument():
    one, three = tf.zeros(1), tf.zeros((3, 1))
    assert losses.noisy_loss(one, three).numpy() == pytest.approx(losses.noisy_loss(one, one).numpy())


def test_an_absent_class_adds_nothing():
    present, absent = tf.constant([1.0]), tf.zeros(0)
    assert losses.noisy_loss(present, absent).numpy() == pytest.approx(np.log1p(np.e), rel=1e-6)
    assert losses.noisy_loss(absent, absent).numpy() == 0


def test_results_are_float32_and_finite_for_half_precision_logits():
    logits = tf.constant([-60000.0, 60000.0], tf.float16)
    loss = losses.noisy_loss(logits, logits)
    assert loss.dtype == tf.float32
    assert np.isfinite(loss)


def test_the_settings_know_every_h():
    assert tuple(losses.H) == LOSSES


def test_an_unknown_metric_is_refused():
    with pytest.raises(ValueError, match="Expected loss to be one of bce, mse; got 'hinge'"):
        losses.noisy_loss(tf.zeros(1), tf.zeros(1), "hinge")


def test_realness_loss_is_the_weighted_hinge():
    originals, weights, drawn = np.float32([2.0, 0.5, -1.0]), np.float32([1.0, 1.0, 0.5]), np.float32([-3.0, 0.0])
    # (1 * 0 + 1 * .5 + .5 * 2) / 2.5 on the originals, (0 + 1) / 2 on the drawn.
    assert float(losses.realness_loss(originals, weights, drawn)) == pytest.approx(0.6 + 0.5)
    assert float(losses.realness_loss(originals, 0 * weights, drawn)) == pytest.approx(0.5)
