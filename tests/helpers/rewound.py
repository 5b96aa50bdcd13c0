"""One model for several trainings: what Keras traced for the first serves the others."""

from __future__ import annotations

from collections.abc import Callable

import nlgan_tf as nl


def rewinding(model: nl.NLGAN) -> Callable[[], None]:
    """A function that sets weights, counters, optimizers, their learning rates and metrics to what they are now."""
    optimizers = model.optimizers()
    variables = [*model.weights, *(variable for optimizer in optimizers for variable in optimizer.variables)]
    values = [variable.numpy() for variable in variables]
    rates = [float(optimizer.learning_rate) for optimizer in optimizers]

    def rewind() -> None:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        for optimizer, rate in zip(optimizers, rates, strict=True):
            optimizer.learning_rate = rate
        model.reset_metrics()

    return rewind
