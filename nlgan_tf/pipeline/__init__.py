"""A run with a folder: phases that survive any kill, and what they leave behind."""
