"""Records of a results file."""

import json

from nlgan_tf.reproduce.grid import Combination

ONE = Combination("digits:5-vs-7", 100, 0.7, 0.85, "svc", "paper", 0)
TWO = Combination("digits:5-vs-7", 100, 0.7, 0.85, "svc", "paper", 1)


def record(combination: Combination = ONE, **values) -> dict:
    measured = {"accuracy": 0.9, "seconds": 1.5, "epochs": None, "versions": {"keras": "3"}, "commit": None}
    return {**vars(combination), **measured, **values}


LINE = json.dumps(record()) + "\n"
