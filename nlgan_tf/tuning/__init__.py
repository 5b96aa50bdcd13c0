"""keras-tuner finds alpha, beta and more, by objectives that need no clean label."""
