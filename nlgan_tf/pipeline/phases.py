"""The phases of one run, from images and noisy labels to SavedModels."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Iterator

import numpy as np

import nlgan_tf
from nlgan_tf.compat.keras import keras
from nlgan_tf.config import BOTH, DRAWN, FEATURES, ORIGINALS
from nlgan_tf.data.noise import NoisePriors, realised_priors
from nlgan_tf.export.version import publish_versions
from nlgan_tf.figures.save import save
from nlgan_tf.files import delete_leftovers, read_json, whole_file, whole_folder
from nlgan_tf.gan.drawing import HowToDraw
from nlgan_tf.gan.model import NLGAN
from nlgan_tf.models import load_model
from nlgan_tf.networks.classifier import of_plain_layers
from nlgan_tf.noise_rates.callback import PRIORS, describe
from nlgan_tf.pipeline.accuracies import accuracies
from nlgan_tf.pipeline.clean_dataset import (
    DRAWING,
    describe_drawing,
    describe_passed,
    drawing_facts,
    write_clean_dataset,
)
from nlgan_tf.pipeline.drawn_figures import PICTURES, drawn_figures
from nlgan_tf.pipeline.export_run import run_servables, run_source, write_run_manifest
from nlgan_tf.pipeline.folder import (
    CLASSIFIER_FILE,
    CONFIG,
    DATASET,
    DATASET_MANIFEST,
    POSTERIOR,
    REFINED_FILE,
    SAVED_MODELS,
    history_file,
    nlgan_file,
)
from nlgan_tf.pipeline.lifecycle import RunInFolder
from nlgan_tf.stage_two import train_classifier
from nlgan_tf.training.distribution import Processes
from nlgan_tf.two_stages.cross_fitting import COPIES_KEPT, describe_training
from nlgan_tf.two_stages.ensemble import build_ensemble, who_joins
from nlgan_tf.two_stages.head import train_head
from nlgan_tf.two_stages.judging import Judge, judge_drawn, judge_originals
from nlgan_tf.two_stages.refinement import DESCRIPTION, refine_generators
from nlgan_tf.two_stages.refinement import NAME as REFINEMENT
from nlgan_tf.two_stages.stage_two import Evidence, how_to_draw, learned_part, number_of_rounds, train_rounds

TRAINED_ON = {
    DRAWN: "the drawn images",
    ORIGINALS: "the originals with their posterior",
    BOTH: "drawn images and originals with their posterior",
}


class PhasedRun(RunInFolder):
    """The phases of one run, in their order; each reads what those before it left in the folder."""

    judge: Judge | None = None

    @property
    def model(self) -> NLGAN:
        """The NLGAN, of several folds the first."""
        return self.fit.models[0]

    def _help(self) -> None:
        for number in range(len(self.fit.models)):
            if not self.state.has(_stage_one(number)):
                self._train_gan(number)

    def _phases(self) -> dict:
        delete_leftovers(self.run_dir)
        if not self.state.has("data"):
            self.state.record("data", self.data_seconds)
        if self.estimates:
            message = "Estimating pi_p and pi_n from the outputs of D on held-out images"
            found = self._phase("priors", message, self._estimate_priors, PRIORS)
            if self.state.resumed("priors"):
                self.say(f"Purities of the labels: pi_p {found['pi_p']:.3f}, pi_n {found['pi_n']:.3f}, as estimated")
            for model in self.fit.models:
                model.priors = NoisePriors(**found)
        for number in range(len(self.fit.models)):
            message = describe_training(self.fit, number)
            self._phase(_stage_one(number), message, functools.partial(self._train_gan, number), nlgan_file(number))
        self._on_one_device()
        if self.config.judges_originals:
            numbers = self._phase("posterior", "Judging the original labels", self._judge, POSTERIOR)
            self.judge = Judge.from_dict(self.fit, numbers)
        if self.fit.config.refine_epochs:
            self._phase(REFINEMENT, DESCRIPTION, self._refine, REFINED_FILE)
            if self.state.resumed(REFINEMENT):
                self.fit.models[0] = load_model(self.run_dir / REFINED_FILE)
        message = describe_drawing(self.config.stage_two)
        self._phase("hallucination", message, self._hallucinate, DATASET, DATASET_MANIFEST, decorations=PICTURES)
        message = f"Stage two: training the classifier on {TRAINED_ON[self.learned_part]}{self._rounds()}"
        self._phase("stage_two", message, self._train_classifier, CLASSIFIER_FILE)
        metrics = self._metrics()
        drawn_manifest = read_json(self.run_dir / DATASET_MANIFEST)
        source = run_source(read_json(self.run_dir / CONFIG), metrics, drawn_manifest)
        if self.config.export:
            self._phase("export", "Writing SavedModels", lambda: self._export(source))
        self.state.delete_checkpoints()
        write_run_manifest(self.run_dir, source)
        self.state.finish(metrics)
        return metrics

    def _metrics(self) -> dict:
        task, priors = self.task, self.model.priors
        metrics = {"settings": self.config.settings(), "precision": self.precision.name}
        if self.estimates:
            metrics["pi_p_estimated"], metrics["pi_n_estimated"] = priors.pi_p, priors.pi_n
        if task.labels is not None:
            metrics["pi_p_realised"], metrics["pi_n_realised"] = realised_priors(task.labels, task.noisy_labels)
        if task.test_images is None:
            return metrics
        message = "Accuracies on the test images"
        if self.config.compare:
            message += ", beside other classifiers of the same labels, and one of the true labels"
        return {**self._phase("baselines", message, lambda: accuracies(self)), **metrics}

    def _estimate_priors(self) -> dict[str, float]:
        task = self.task
        estimate = self.fit.estimate_priors(task.images, task.noisy_labels, self.config.seed, log_dir=self.run_dir)
        self.say(describe(estimate))
        return dataclasses.asdict(estimate.priors)

    def _train_gan(self, number: int) -> None:
        """Stage one of one fold, or of all images where there is one fold."""
        self.fit.train(
            number,
            self.task.images,
            self.task.noisy_labels,
            self.config.seed,
            survival=self.survival,
            history=self.run_dir / history_file(number),
            name=_stage_one(number),
            verbose=self.verbose if self.processes.chief else 0,
        )
        if self.processes.chief:
            self._save(self.fit.models[number], nlgan_file(number))

    def _on_one_device(self) -> None:
        """What follows stage one is small, and the chief alone does it."""
        self.survival = dataclasses.replace(self.survival, processes=Processes())
        for number in range(len(self.fit.models)):
            if self.strategy.num_replicas_in_sync > 1 or self.state.resumed(_stage_one(number)):
                self.fit.models[number] = load_model(self.run_dir / nlgan_file(number))

    def _hallucinate(self) -> None:
        task, two, seed = self.task, self.config.stage_two, self.config.seed
        how = how_to_draw(two, task.images)
        drawn = self.fit.draw(two.num_images, seed, **how)
        filtered = drawing_facts(two, drawn, task.class_names)
        if HowToDraw(**how).filters:
            self.say(describe_passed(filtered))
        if two.novelty and not drawn.novelty:
            self.say(COPIES_KEPT)
        source = {"seed": seed, "nlgan_tf": nlgan_tf.__version__, DRAWING: filtered}
        source["settings"] = self.config.settings()
        write_clean_dataset(self.run_dir, drawn.images, drawn.labels, task.class_names, source)
        for name, figure in drawn_figures(task, drawn.images, drawn.labels, self.model, seed, two.temperature).items():
            with self._optional(name):
                save(figure(), self.run_dir / name)

    @contextlib.contextmanager
    def _optional(self, name: str) -> Iterator[None]:
        """A picture that cannot be drawn is told of, and ends no run."""
        try:
            yield
        except Exception as error:
            self.say(f"{name} is left out: {type(error).__name__}: {error}")

    @functools.cached_property
    def drawn(self) -> tuple[np.ndarray, np.ndarray]:
        """Images and labels of the clean data set, as the folder holds them."""
        with np.load(self.run_dir / DATASET) as drawn:
            return drawn["images"], drawn["labels"]

    def _judge(self) -> dict:
        """Writes the posterior of the originals; returns the numbers of the judge."""
        task, config = self.task, self.config
        known = task.images, task.noisy_labels, self.model.priors
        judged = judge_originals(self.fit, *known, config.stage_two, config.seed, self.features)
        for remark in judged.remarks:
            self.say(remark)
        with whole_file(self.run_dir / POSTERIOR) as temporary:
            np.savez_compressed(temporary, originals=judged.posterior)
        return judged.judge.to_dict()

    def _refine(self) -> None:
        config, task = self.config, self.task
        known = task.images, task.noisy_labels, self.posterior
        places = {"survival": self.survival, "verbose": self.verbose}
        refine_generators(self.model, *known, self.fit.config, config.seed, **places)
        self._save(self.model, REFINED_FILE)

    @functools.cached_property
    def posterior(self) -> np.ndarray:
        """P(truly positive) of each original."""
        with np.load(self.run_dir / POSTERIOR) as posterior:
            return posterior["originals"]

    @functools.cached_property
    def evidence(self) -> Evidence:
        """What stage two may learn from, where originals have a posterior."""
        task, drawn_images = self.task, self.drawn[0]
        known = task.images, task.noisy_labels, self.model.priors
        of_drawn = judge_drawn(drawn_images, self.judge, *known, self.config.seed)
        return Evidence(*known, self.posterior, drawn_images, of_drawn)

    def _train_classifier(self) -> None:
        if self.config.stage_two.network == FEATURES:
            # Keras's own layers already, around a model of the user's.
            head = train_head(self.features, self.task.images, self.posterior)
            self._save(head, CLASSIFIER_FILE)
            return
        if self.config.stage_two.learns_from == DRAWN:
            classifier = self.trained_on(*self.drawn, "stage_two")
        else:
            classifier = self.trained_on_evidence(self.evidence, self.learned_part, "stage_two")
        classifier = of_plain_layers(classifier)
        if self.joining:
            classifier = build_ensemble(classifier, self.joining, self.judge, self.evidence, self.config.seed)
        self._save(classifier, CLASSIFIER_FILE)

    @property
    def joining(self) -> tuple[str, ...]:
        """Who joins the classifier in what is served, see `who_joins`."""
        if self.config.stage_two.learns_from == DRAWN:
            return ()
        return who_joins(self.config.stage_two, self.judge, self.task.images, self.features)

    @property
    def learned_part(self) -> str:
        """What the classifier that is served learns from."""
        return learned_part(self.config.stage_two, self.task.images)

    def _rounds(self) -> str:
        """What explains that the epochs of stage two are counted more than once, if they are."""
        two = self.config.stage_two
        rounds = number_of_rounds(two, self.task.images)
        if rounds == 1 or two.learns_from == DRAWN or two.network == FEATURES:
            return ""
        return f", in {rounds} rounds: the classifier of each judges the originals for the next"

    def trained_on(self, images: np.ndarray, labels: np.ndarray, name: str, aside: bool = False) -> keras.Model:
        """Trains a classifier as stage two does on labelled images."""
        return train_classifier(
            images, labels, self.config.stage_two, self.config.seed, name=name, **self._telling(aside)
        )

    def trained_on_evidence(self, evidence: Evidence, learns_from: str, name: str, aside: bool = False) -> keras.Model:
        """Trains a classifier as stage two does on drawn images, originals with their posterior, or both."""
        stage, seed = self.config.stage_two, self.config.seed
        return train_rounds(evidence, learns_from, stage, seed, name=name, **self._telling(aside))

    def _telling(self, aside: bool) -> dict:
        """How a training survives and tells of its epochs: not at all aside, where others train at the same time."""
        if aside:
            return {"survival": dataclasses.replace(self.survival, log=None), "verbose": 0}
        return {"survival": self.survival, "verbose": self.verbose}

    @functools.cached_property
    def classifier(self) -> keras.Model:
        """The classifier that is served."""
        return load_model(self.run_dir / CLASSIFIER_FILE)

    def _export(self, source: dict) -> None:
        servables = run_servables(self.model, self.classifier, self.task.class_names, self.drawn[0])
        # In a new folder, so that each version is the first, and all appear by one rename.
        with whole_folder(self.run_dir / SAVED_MODELS) as base:
            publish_versions(servables, base, source=source)


def _stage_one(number: int) -> str:
    """The phase's name of stage one without a fold, and of its checkpoints."""
    return f"stage_one-{number}" if number else "stage_one"
