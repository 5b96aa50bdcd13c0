"""`python -m nlgan_tf.cli`."""

from nlgan_tf.cli import main

main()
