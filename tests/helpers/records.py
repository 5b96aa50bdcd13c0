"""Records of a results file."""

import dataclasses
import json

from nlgan_tf.reproduce.grid import Combination

ONE = Combination("digits:5-vs-7", 100, 0.7, 0.85, "svc", "paper", 0)
TWO = Combination("digits:5-vs-7", 100, 0.7, 0.85, "svc", "paper", 1)


def record(combination: Combination = ONE, **values) -> dict:
    measured = {"accuracy": 0.9, "seconds": 1.5, "epochs": None, "versions": {"keras": "3"}, "commit": None}
    return {**vars(combination), **measured, **values}


LINE = json.dumps(record()) + "\n"
NLGAN = Combination("mnist:5,7-vs-2,4", 1000, 0.7, 0.85, "nlgan", "paper", 0)


def table_records() -> dict[Combination, dict]:
    """Of two seeds and unlike runs of NL-GAN, and of a method that no recipe changes."""
    judged = {"purity_p": 0.97, "purity_n": 1.0, "coverage": {"5": 0.6, "7": 0.37}, "judge_accuracy": 0.991}
    found = {}

    def add(accuracy: float, **changes) -> None:
        values = {name: changes.pop(name) for name in ("epochs", "accuracy_discriminator") if name in changes}
        combination = dataclasses.replace(NLGAN, **changes)
        extra = judged if combination.method == "nlgan" else {}
        found[combination] = record(combination, accuracy=accuracy, **values, **extra)

    add(0.95, epochs=40, accuracy_discriminator=0.96)
    add(0.97, seed=1, epochs=40, accuracy_discriminator=0.98)
    add(0.9, recipe="literal", epochs=40, accuracy_discriminator=0.5)
    add(0.88, seed=2, epochs=20, accuracy_discriminator=0.9)
    add(0.94, method="svc")
    add(0.94, method="svc", recipe="literal")
    add(0.98, method="svc", pi_p=1.0, pi_n=1.0)
    add(0.6, method="svc", task="cifar10:automobile-vs-airplane")
    return found
