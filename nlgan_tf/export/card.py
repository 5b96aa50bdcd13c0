"""MODEL_CARD.md of a version: what the model is, how to call the model, and how far to trust its answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tensorflow as tf

from nlgan_tf.export.servable import Servable
from nlgan_tf.files import write_text

NAME = "MODEL_CARD.md"

PURPOSES = {
    "classifier": """\
Tells two classes of small images apart. The training images were drawn by generators that learned from wrong labels
(NL-GAN, ICIP 2019); no person checked them.

- `probability` is the probability of the positive class, and is not calibrated; `label` is 1 where `probability` is
  above 0.5.
- An image of neither class gets one of the two labels all the same.
- Encoded images are turned as the EXIF orientation of a JPEG says, reduced to 8 bits, stripped of alpha, and resized
  with their aspect kept: the outermost pixels are repeated in what is left of the model's size. The orientation of a
  PNG is not read.""",
    "generator": """\
Draws images of one class, learned from a small set with partly wrong labels (NL-GAN, ICIP 2019).

- A few drawn images show the wrong class, and some show none.
- A drawn image may repeat a training image: where the training set is private, drawn images are not anonymous.
- Every draw is a function of its seed: the same request returns the same images, after a restart too.""",
}


def write_card(servable: Servable, version_dir: Path, source: dict[str, Any]) -> None:
    """Writes the card; `source` has the packages' versions and, for a run, its `config`, `metrics` and `drawing`."""
    parts = [f"# {servable.name}", PURPOSES[servable.kind], "## Signatures", _table(_signature_rows(servable))]
    accuracies = {key: value for key, value in source.get("metrics", {}).items() if key.startswith("accuracy_")}
    if accuracies:
        rows = [("on clean test labels", "accuracy"), *((name, f"{value:.3f}") for name, value in accuracies.items())]
        parts += ["## Accuracy of the run", _table(rows)]
    if "drawing" in source:
        parts += ["## Clean data set of the run", _table([("what", "value"), *_drawing(source["drawing"])])]
    parts += ["## Facts", _table([("what", "value"), *_facts(servable, source)])]
    if "config" in source:
        parts += ["## Settings of the run", f"```json\n{json.dumps(source['config'], indent=2)}\n```"]
    write_text(version_dir / NAME, "\n\n".join(parts) + "\n")


def _signature_rows(servable: Servable) -> list[tuple[str, ...]]:
    rows = [("signature", "inputs", "outputs")]
    for name, function in servable.signatures.items():
        concrete = function.get_concrete_function()
        inputs = ", ".join(_tensor(spec.name, spec) for spec in function.input_signature)
        outputs = ", ".join(_tensor(key, spec) for key, spec in sorted(concrete.structured_outputs.items()))
        rows.append((f"`{name}`", inputs, outputs))
    return rows


def _tensor(name: str, spec: tf.TensorSpec) -> str:
    sides = ", ".join("n" if side is None else str(side) for side in spec.shape)
    return f"`{name}` {spec.dtype.name} ({sides})"


def _facts(servable: Servable, source: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in {**servable.facts, **source["versions"]}.items():
        yield name.replace("_", " "), ", ".join(map(_code, value)) if isinstance(value, list) else str(value)


def _drawing(drawing: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """What the images of the clean data set were filtered by, and the share of them that passed, by class."""
    # Manifests of before have neither share nor novelty: all were kept.
    least, share = drawing["min_confidence"], drawing.get("keep_surest", 1)
    novelty = drawing.get("novelty", 0)
    if least is not None:
        yield "least P(class) by D", f"{least:g}"
    elif share == 1:
        yield "least P(class) by D", "none" if novelty else "none: all drawn images were kept"
    else:
        yield "kept by D's P(class)", f"the surest {share:.0%} of each generator's images"
    yield "near copies of originals", f"left out, by novelty {novelty:g}" if novelty else "kept"
    yield "temperature, the factor on z", f"{drawing['temperature']:g}"
    for name, share in drawing["passed"].items():
        yield f"share of the drawn images of {_code(name)} that was kept", f"{share:.1%}"


def _code(value: object) -> str:
    """A value as code, whatever characters a user's name of a class has."""
    text = " ".join(str(value).split())
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _table(rows: list[tuple[str, ...]]) -> str:
    head, *body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *body])
