"""The networks: discriminator, generators, and the stage-two classifier."""
