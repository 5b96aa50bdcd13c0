"""Command-line options out of configurations, and back: type, default, choices and help are the field's own."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable

import click

from nlgan_tf.config import Option, StageOneConfig, StageTwoConfig, options, type_hints
from nlgan_tf.pipeline.config import DATA, DEVICE_GROUP, NOISE, OUTPUT, TRAINING, RunConfig

CLASSIFIER_PREFIX = "classifier_"
# Settings of a run that say what its images and labels are.
DATA_OPTIONS = tuple(name for name, its_option in options(RunConfig).items() if its_option.group == DATA)
# Headings of `--help`, in their order, and those of configurations as a whole.
HEADINGS = (DATA, NOISE, TRAINING, "Search", "Stage one", "Stage two", DEVICE_GROUP, OUTPUT)
HEADING_OF = {StageOneConfig: "Stage one", StageTwoConfig: "Stage two"}
STAGES = (StageOneConfig, StageTwoConfig)


class GroupedOption(click.Option):
    """An option under a heading of `--help`."""

    def __init__(self, *arguments, group: str | None = None, **settings) -> None:
        super().__init__(*arguments, **settings)
        self.group = group


class Grouped(click.Command):
    """A command whose `--help` lists its options under headings; those without one come last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {heading: [] for heading in (*HEADINGS, "Command")}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                groups[getattr(parameter, "group", None) or "Command"].append(record)
        for heading, records in groups.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


def config_options(
    config_class: type, prefix: str = "", only: tuple[str, ...] | None = None
) -> Callable[[Callable], Callable]:
    """A decorator that adds one option a field of a configuration (`only` these) to a command."""
    hints = type_hints(config_class)
    defaults = {item.name: item.default for item in dataclasses.fields(config_class)}

    def flags(name: str, negated: bool) -> tuple[str, ...]:
        flag = name.replace("_", "-")
        return (f"--{flag}/--no-{flag}",) if negated else (f"--{flag}",)

    def decorate(command: Callable) -> Callable:
        for field, its_option in reversed(options(config_class).items()):
            if only is not None and field not in only:
                continue
            kind = (typing.get_args(hints[field]) or (hints[field],))[0]  # of int | None: int
            default = "the recipe's" if config_class in STAGES else defaults[field]
            note = "" if kind is bool or default is None else f"  [default: {default}]"
            name = prefix + field
            command = click.option(
                *flags(name, negated=kind is bool and defaults[field] is not False),
                name,
                cls=GroupedOption,
                group=its_option.group or HEADING_OF.get(config_class, "Search"),
                type=click.Choice(its_option.names) if its_option.choices else kind,
                is_flag=kind is bool,
                default=None,
                help=its_option.doc + note,
            )(command)
        return command

    return decorate


def run_config(text: str, given: dict) -> RunConfig:
    """The configuration in JSON, under the options that were given (None: not given)."""
    of_run, of_stage_one, of_stage_two = {}, {}, {}
    for name, value in given.items():
        if value is None:
            continue
        if name in options(RunConfig):
            of_run[name] = value
        elif name.startswith(CLASSIFIER_PREFIX):
            of_stage_two[name.removeprefix(CLASSIFIER_PREFIX)] = value
        else:
            of_stage_one[name] = value
    if "recipe" in of_run:
        # Another recipe brings its own stages.
        of_run = {"stage_one": None, "stage_two": None, **of_run}
    config = RunConfig.from_json(text, **of_run)
    return dataclasses.replace(
        config, stage_one=_replaced(config.stage_one, of_stage_one), stage_two=_replaced(config.stage_two, of_stage_two)
    )


def _replaced(stage, given: dict):
    accepted: dict[str, Option] = options(type(stage))
    values = {
        name: None if value == "none" and None in accepted[name].choices else value for name, value in given.items()
    }
    return dataclasses.replace(stage, **values)
