"""Attributes of a model that its traced steps contain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nlgan_tf.compat.keras import keras


class Traced:
    """An attribute that may be set anew at any time: the value is checked, and the model's steps are traced anew.

    Keras keeps the functions that it has traced, and with them the values that they read from the model.

    Args:
        check: Function that returns a value, or raises for one that is not accepted; None accepts all values.
    """

    def __init__(self, check: Callable[[Any], Any] | None = None) -> None:
        self.check = check

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, model: keras.Model | None, owner: type | None = None) -> Any:
        if model is None:
            return self
        try:
            return vars(model)[self.name]
        except KeyError:
            raise AttributeError(f"{type(model).__name__} has no {self.name} before compile") from None

    def __set__(self, model: keras.Model, value: Any) -> None:
        vars(model)[self.name] = value if self.check is None else self.check(value)
        model.test_function = model.predict_function = None
        if model.train_function is not None:
            model.make_train_function(force=True)
