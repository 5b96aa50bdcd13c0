"""The report of a finished run: one HTML page that needs no network and no scripts."""
