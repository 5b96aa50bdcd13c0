"""How good classifiers and drawn images are."""
