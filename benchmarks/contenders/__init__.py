"""What ours is timed against."""
