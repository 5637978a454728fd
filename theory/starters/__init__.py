"""Files that ``recall new-theorem`` and ``recall new-construction`` begin with; they run."""
