"""A folder of photographs as a task: listing, reading, labels, and remarks on what was found."""
