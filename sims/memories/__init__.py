"""What memories hold: recall at a point, capacity, width, and bits per weight."""
