"""Settings and versions of the run, and its seconds by phase."""

from __future__ import annotations

import json

from nlgan_tf.pipeline.report.blocks import Block, Details, Table
from nlgan_tf.pipeline.report.facts import RunFacts


def blocks(facts: RunFacts) -> list[Block]:
    """Returns tables of settings, versions, and seconds, and the whole configuration."""
    run, config = facts.run, facts.run.config
    origin = "as stated" if run.estimate is None else "estimated"
    chosen = {
        "task": config.task,
        "size": "all images" if config.size is None else str(config.size),
        "recipe": config.recipe,
        "seed": str(config.seed),
        "purities": f"pi_p {run.priors.pi_p:.3f}, pi_n {run.priors.pi_n:.3f}, {origin}",
        "precision": run.metrics.get("precision", config.precision),
        "stage one": f"{config.stage_one.epochs} epochs",
        "stage two": f"{config.stage_two.epochs} epochs",
    }
    found: list[Block] = [Table("Settings", ("Setting", "Value"), list(chosen.items()))]
    if versions := facts.part("versions"):
        found.append(
            Table("Versions", ("Package", "Version"), [(name, str(value)) for name, value in versions.items()])
        )
    if timings := facts.part("timings"):
        phases = [(name, f"{seconds:.1f}") for name, seconds in timings.items()]
        total = ("all", f"{sum(timings.values()):.1f}")
        found.append(Table("Seconds by phase", ("Phase", "Seconds"), [*phases, total], [len(phases)]))
    settings = json.dumps(config.settings(), indent=2)
    return [*found, Details("All settings", settings)]
