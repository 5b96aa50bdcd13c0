"""One process of the tests of tf.distribute.

`distributed_worker.py one|mirrored|workerN FILE` writes FILE.npz; `distributed_worker.py keep FILE run ...` is
`nlgan-tf run ...` that also writes its own weights after stage one to FILE.
"""

import sys

import numpy as np
import tensorflow as tf

NETWORKS = ("discriminator", "positive_generator", "negative_generator")
BATCH = 16


def main(name: str, path: str) -> None:
    from nlgan_tf.training.distribution import make_strategy

    # Before any other TensorFlow operation, as several machines ask for.
    strategy = {"one": lambda: make_strategy("none"), "mirrored": lambda: make_strategy("mirrored", "2")}.get(
        name, make_strategy
    )()
    report: dict = {}
    fixed_steps(strategy, report)
    if name != "one":
        switches(strategy, ordinary_steps(strategy, report), report)
    np.savez(path, **report)


def model_of(**settings):
    from nlgan_tf.config import StageOneConfig
    from nlgan_tf.data.noise import NoisePriors
    from nlgan_tf.models import build_nlgan

    config = StageOneConfig(**{"width": 0.1, "spectral_layers": "all", "translation": 0.25, **settings})
    return build_nlgan((8, 8, 1), NoisePriors(0.7, 0.85), config)


def data(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Batches of which the first has all positives before the negatives, and the others any mix."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (steps * BATCH, 8, 8, 1), dtype=np.uint8)
    labels = rng.integers(0, 2, steps * BATCH)
    labels[:BATCH] = np.repeat([1, 0], BATCH // 2)
    return images, labels


def dataset(steps: int) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(data(steps)).batch(BATCH, drop_remainder=True)


def fixed_steps(strategy, report: dict) -> None:
    """Five steps of SGD with each replica taking its part of the same z."""
    from nlgan_tf.compat.keras import keras
    from nlgan_tf.gan import players
    from nlgan_tf.training import replicas

    own_seed, draw_latent = replicas.own_seed, players.draw_latent

    def part_of_the_latent(n, latent_dim, latent, seed):
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return draw_latent(BATCH // 2, latent_dim, latent, seed)[replica * n : (replica + 1) * n]

    replicas.own_seed, players.draw_latent = (lambda seed: seed), part_of_the_latent
    with strategy.scope():
        model = model_of(dropout=0.0, translation=0.0)
        model.compile(**{f"{name}_optimizer": keras.optimizers.SGD(0.1) for name in ("d", "gp", "gn")})
    before = {name: flat(getattr(model, name).trainable_variables) for name in NETWORKS}
    history = model.fit(dataset(5), epochs=1, verbose=0).history
    for name in NETWORKS:
        report[f"update/{name}"] = flat(getattr(model, name).trainable_variables) - before[name]
    report["logs"] = np.array([history[name][0] for name in sorted(history)])
    replicas.own_seed, players.draw_latent = own_seed, draw_latent


def ordinary_steps(strategy, report: dict):
    """100 steps as users take them, then what each replica here draws and holds; returns the trained model."""
    from nlgan_tf.compat.installed import LEGACY
    from nlgan_tf.gan.latent import AUGMENT_REAL, Z_OF_FIRST, draw_latent

    with strategy.scope():
        model = model_of()
    model.fit(dataset(50), epochs=2, verbose=0)
    held = [strategy.experimental_local_results(weight if LEGACY else weight.value) for weight in model.weights]
    for replica in range(len(held[0])):
        report[f"after/{replica}"] = np.concatenate([np.ravel(values[replica].numpy()) for values in held])

    @tf.function
    def draw():
        image = tf.random.stateless_uniform((8, 8, 8, 1), (0, 1))
        dropout = model.discriminator.get_layer("dropout")
        z = draw_latent(8, model.latent_dim, model.latent, model.step_seed(Z_OF_FIRST))
        return z, dropout(tf.ones((8, 100)), training=True), model.augment(image, model.step_seed(AUGMENT_REAL))

    for name, value in zip(("noise", "dropout", "augmentation"), strategy.run(draw), strict=True):
        for replica, local in enumerate(strategy.experimental_local_results(value)):
            report[f"{name}/{replica}"] = local.numpy()
    return model


def switches(strategy, trained, report: dict) -> None:
    from nlgan_tf.compat.keras import keras
    from nlgan_tf.errors import InputError
    from nlgan_tf.training.replicas import spans_machines

    refusals = []

    def refused(action) -> None:
        try:
            action()
        except InputError as error:
            refusals.append(str(error))

    with strategy.scope():
        refused(lambda: model_of().compile(jit_compile=True))
        refused(lambda: model_of().compile(steps_per_execution=2))
        keras.mixed_precision.set_global_policy("mixed_float16")
        refused(lambda: model_of().compile())
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
        if not spans_machines(strategy):
            model = model_of()
            history = model.fit(dataset(5), epochs=1, verbose=0).history
            report["bfloat16"] = np.array([values[0] for values in history.values()])
    if not spans_machines(strategy):  # On several machines the others would wait for the one that stopped.
        refused(lambda: trained.fit(dataset(2).map(lambda images, labels: (images, labels + 1)), verbose=0))
    report["refusals"] = np.array(refusals)


def flat(variables) -> np.ndarray:
    return np.concatenate([np.ravel(variable.numpy()) for variable in variables])


def run_and_keep(path: str, *arguments: str) -> None:
    """`nlgan-tf run ...`, which keeps each process's weights after stage one."""
    from nlgan_tf import cli
    from nlgan_tf.pipeline.phases import PhasedRun

    train = PhasedRun._train_gan

    def train_and_keep(self, number: int) -> None:
        train(self, number)
        np.savez(path, *self.model.get_weights())

    PhasedRun._train_gan = train_and_keep
    sys.argv = ["nlgan-tf", *arguments]
    cli.main()


if __name__ == "__main__":
    run_and_keep(*sys.argv[2:]) if sys.argv[1] == "keep" else main(*sys.argv[1:])
