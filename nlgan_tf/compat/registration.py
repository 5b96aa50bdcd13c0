"""Makes `import nlgan_tf` enough for `keras.models.load_model`, without importing Keras.

Keras finds a file's classes among the registered ones alone, and a class registers itself only when its module is
imported. So a stand-in is registered for each class, as soon as Keras is imported, by whomever. A stand-in imports the
module of its class when a file needs the class, and the class then takes the stand-in's place.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from types import ModuleType

from nlgan_tf.errors import InputError

HOMES = {
    "AddonsSpectralNormalization": "networks.spectral",
    "NLGAN": "gan.model",
    "Policy": "gan.augment",
    "RandomAffine": "gan.augment",
    "RandomColour": "gan.augment",
    "RandomCutout": "gan.augment",
    "RandomTranslation": "gan.augment",
    "BatchNormalization": "networks.layers",
    "CountedDropout": "networks.dropout",
    "Dense": "networks.layers",
    "ExactSpectralNormalization": "networks.spectral",
    "LeakyReLU": "networks.layers",
    "NearestCentres": "networks.votes",
    "SelfAttention": "networks.attention",
    "UprightHOG": "networks.upright_hog",
    "FusedAdam": "training.optimizers",
}


def register_with_keras() -> None:
    """Registers the stand-ins now, where Keras is imported already, or else when it is."""
    if keras := sys.modules.get("keras"):
        _register(keras)
    else:
        sys.meta_path.insert(0, _UponKeras())


class _StandIn:
    """What Keras asks a class for when it loads a file."""

    def __init__(self, name: str, home: str) -> None:
        self.name, self.home = name, home

    def from_config(self, config: dict, **kwargs):
        found = getattr(importlib.import_module(f"nlgan_tf.{self.home}"), self.name, None)
        if found is None:
            version = importlib.metadata.version("tensorflow")
            raise InputError(f"Expected TF 2.15 with tensorflow-addons to load {self.name}, got TF {version}")
        return found.from_config(config, **kwargs)


def _register(keras: ModuleType) -> None:
    registered = keras.saving.get_custom_objects()
    for name, home in HOMES.items():
        registered.setdefault(f"nlgan_tf>{name}", _StandIn(name, home))


class _UponKeras:
    """An entry of `sys.meta_path` that finds Keras as the others do, and registers when Keras has been executed."""

    def find_spec(self, name: str, path=None, target=None):
        if name != "keras":
            return None
        others = (finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module: ModuleType) -> None:
                execute(module)
                _register(module)
                if self in sys.meta_path:
                    sys.meta_path.remove(self)

            spec.loader.exec_module = execute_and_register
        return spec
