"""Command-line options out of configurations, and back: each option's type, default and help are a field's own."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable

import click

from nlgan_tf.config import RunConfig

CLASSIFIER_PREFIX = "classifier_"


def config_options(
    config_class: type, prefix: str = "", only: tuple[str, ...] | None = None
) -> Callable[[Callable], Callable]:
    """One option a field of a configuration (`only` these): type, default and help are the field's own."""
    hints = typing.get_type_hints(config_class)

    def decorate(command: Callable) -> Callable:
        for item in reversed(dataclasses.fields(config_class)):
            if "doc" not in item.metadata or item.name not in (only or hints):
                continue
            kind = (typing.get_args(hints[item.name]) or (hints[item.name],))[0]  # of int | None: int
            default = item.default if config_class is RunConfig else "the recipe's"
            note = "" if kind is bool or default is None else f"  [default: {default}]"
            name = prefix + item.name
            command = click.option(
                f"--{name.replace('_', '-')}",
                name,
                type=kind,
                is_flag=kind is bool,
                default=None,
                help=item.metadata["doc"] + note,
            )(command)
        return command

    return decorate


def run_config(text: str, options: dict) -> RunConfig:
    """The configuration in JSON, under the options that were given (None: not given)."""
    given = {name: value for name, value in options.items() if value is not None}
    if given.get("spectral_norm") == "none":
        given["spectral_norm"] = None
    run_names = {item.name for item in dataclasses.fields(RunConfig)}
    classifier = {name for name in given if name.startswith(CLASSIFIER_PREFIX)}
    of_run = {name: given[name] for name in given if name in run_names}
    of_stage_one = {name: given[name] for name in given if name not in run_names | classifier}
    of_stage_two = {name.removeprefix(CLASSIFIER_PREFIX): given[name] for name in classifier}
    if "recipe" in of_run:
        # Another recipe brings its own stages.
        of_run = {"stage_one": None, "stage_two": None, **of_run}
    config = dataclasses.replace(RunConfig.from_json(text), **of_run)
    return dataclasses.replace(
        config,
        stage_one=dataclasses.replace(config.stage_one, **of_stage_one),
        stage_two=dataclasses.replace(config.stage_two, **of_stage_two),
    )
