"""What differs between the two Keras versions that the package runs on."""
