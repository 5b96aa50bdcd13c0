"""Stage one: the adversarial training of section 2.2.1 of the paper."""
