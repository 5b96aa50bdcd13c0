"""How good the drawn data set is."""
