"""What users have today for noisy labels, behind one interface: `fit(images, noisy_labels)` gives a predictor.

A predictor's `predict(images)` gives labels, int, shape (n,). Images are public ones, as `check_images` accepts.
scikit-learn's estimators are of this kind. None of these methods sees an image twice: copies across the folds of a
cross-validation would let it recognise its own training images.

All of them weigh the noisy classes equally, by batches or class weights, as NL-GAN's own batches do.
"""
