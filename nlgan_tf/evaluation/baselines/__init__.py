"""What users have today for noisy labels, behind one interface: `fit(images, noisy_labels)` gives a predictor.

A predictor's `predict(images)` gives labels, int, shape (n,). Images are public ones, as `check_images` accepts.
scikit-learn's estimators are of this kind. Sets are not upsampled for a cross-validation: copies across its folds would
let a method recognise its own training images.

All of them weigh the noisy classes equally, as NL-GAN's own batches do, where they bring no weights of their own.
"""

from nlgan_tf.evaluation.baselines.registry import BASELINES, build_baseline

__all__ = ["BASELINES", "build_baseline"]
