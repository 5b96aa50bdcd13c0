"""What a training step must know of its replica under a tf.distribute strategy: seeds of its own, global means.

With one replica every function gives back what it was given, so that single-device numbers stay as they are.
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
    """An integer pair folded with the replica's number: every replica draws z, dropout and augmentation of its own."""
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
    """The replica's part of a loss that is a mean over all: Keras 3 sums gradients over replicas."""
    return loss if count() == 1 else loss / count()


def outside(function: Callable, *arguments):
    """What the function returns outside of any tf.distribute scope: a scope is its thread's alone."""
    if not tf.distribute.has_strategy():
        return function(*arguments)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *arguments).result()


def batch_norms(network: keras.Model) -> Iterator[keras.layers.BatchNormalization]:
    """Those of a network, nested models' too."""
    for layer in getattr(network, "layers", ()):
        if isinstance(layer, keras.layers.BatchNormalization):
            yield layer
        yield from batch_norms(layer)


def synchronize_batch_norm(network: keras.Model) -> None:
    """Batch statistics over all replicas where there are several, else as before."""
    for layer in batch_norms(network):
        synchronize(layer, over_replicas=count() > 1)


def check_switches(precision: str, jit_compile: bool | str, steps_per_execution: int) -> None:
    """ValueError for switches of Keras that several replicas do not go together with (Keras 3.15)."""
    if count() == 1:
        return
    if jit_compile is True:
        raise InputError(f"jit_compile=True with {count()} replicas: XLA is accepted with one replica alone")
    if precision == "mixed_float16":
        # Its loss scaling looks at the first replica's gradients alone, before they are summed.
        raise InputError(
            f"mixed_float16 with {count()} replicas: accepted are float32 and mixed_bfloat16, or one replica"
        )
    if steps_per_execution > 1:
        raise InputError(f"steps_per_execution={steps_per_execution} with {count()} replicas: accepted is 1")


def spans_machines(strategy: tf.distribute.Strategy) -> bool:
    """Whether the strategy's replicas are in several processes."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def machines_train_function(model: keras.Model) -> Callable:
    """What Keras's `fit` calls for each step, for several machines, where its own fails (Keras issue 20585).

    The model's `train_step` must report the same on all replicas: the first one's report is passed on.
    """
    strategy = model.distribute_strategy

    @tf.function
    def train_function(iterator) -> dict[str, tf.Tensor]:
        logs = strategy.run(model.train_step, args=(next(iterator),))
        return {name: strategy.experimental_local_results(value)[0] for name, value in logs.items()}

    return train_function
