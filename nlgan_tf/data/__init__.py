"""Input: the noise model, image tasks and their sources, checks, and batches."""
