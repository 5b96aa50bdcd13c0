"""Replicas of a training step under a tf.distribute strategy: their seeds, and means over all of them.

With one replica every function returns its argument, so that single-device numbers stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import tensorflow as tf

from nlgan_tf.compat.keras import keras, synchronize
from nlgan_tf.errors import InputError


def count() -> int:
    """Number of replicas of the strategy in scope, on all machines; 1 without a strategy."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def own_seed(seed: tf.Tensor) -> tf.Tensor:
    """An integer pair folded with the replica's number, so that replicas differ in z, dropout and augmentation."""
    if count() == 1 or tf.distribute.in_cross_replica_context():
        return seed
    return tf.random.experimental.stateless_fold_in(seed, tf.distribute.get_replica_context().replica_id_in_sync_group)


def total(values: list[tf.Tensor]) -> list[tf.Tensor]:
    """Each value summed over the replicas, in one exchange."""
    if count() == 1 or tf.distribute.in_cross_replica_context():
        return values
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)


def mean(value: tf.Tensor) -> tf.Tensor:
    """The value's mean over the replicas."""
    return share(total([value])[0])


def share(loss: tf.Tensor) -> tf.Tensor:
    """The replica's part of a loss that is a mean over all replicas, as gradients are summed over them."""
    return loss if count() == 1 else loss / count()


def outside(function: Callable, *arguments):
    """What the function returns outside of any tf.distribute scope: in a thread, since scopes are a thread's."""
    if not tf.distribute.has_strategy():
        return function(*arguments)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *arguments).result()


def batch_norms(network: keras.Model) -> Iterator[keras.layers.BatchNormalization]:
    """Yields the batch norms of a network, nested models' too."""
    for layer in getattr(network, "layers", ()):
        if isinstance(layer, keras.layers.BatchNormalization):
            yield layer
        yield from batch_norms(layer)


def synchronize_batch_norm(network: keras.Model) -> None:
    """Makes batch norms take their statistics over all replicas, where there are several."""
    for layer in batch_norms(network):
        synchronize(layer, over_replicas=count() > 1)


def check_switches(precision: str, jit_compile: bool | str, steps_per_execution: int) -> None:
    """InputError for switches of Keras that fail with several replicas (Keras 3.15)."""
    if count() == 1:
        return
    if jit_compile is True:
        raise InputError(f"Expected jit_compile without XLA on {count()} replicas, got jit_compile=True")
    if precision == "mixed_float16":
        # Its loss scaling looks at the first replica's gradients alone, before they are summed.
        raise InputError(f"Expected float32 or mixed_bfloat16 on {count()} replicas, got mixed_float16")
    if steps_per_execution > 1:
        raise InputError(f"Expected steps_per_execution=1 on {count()} replicas, got {steps_per_execution}")


def spans_machines(strategy: tf.distribute.Strategy) -> bool:
    """Whether the strategy's replicas are in several processes."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def machines_train_function(model: keras.Model) -> Callable:
    """Returns the function that Keras's `fit` calls for each step, for several machines (Keras issue 20585).

    The model's `train_step` must report the same on all replicas: the first replica's report is returned.
    """
    strategy = model.distribute_strategy

    @tf.function(autograph=False)
    def train_function(iterator) -> dict[str, tf.Tensor]:
        logs = strategy.run(model.train_step, args=(next(iterator),))
        return {name: strategy.experimental_local_results(value)[0] for name, value in logs.items()}

    return train_function
