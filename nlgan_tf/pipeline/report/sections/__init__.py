"""The sections of the page, one a module; `registry` has their order."""
