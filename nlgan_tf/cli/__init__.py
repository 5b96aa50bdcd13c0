"""The command line `nlgan-tf`: parses, calls, prints; holds no logic. TensorFlow loads when a command runs."""

from nlgan_tf.cli.entry import main

__all__ = ["main"]
