"""What comes in: the noise model, image tasks, and batches of them."""
