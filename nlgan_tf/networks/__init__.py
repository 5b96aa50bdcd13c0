"""What is trained: discriminator, generators, and the stage-two classifier."""
