"""One module per theorem; each defines ``THEOREM`` and is found by its presence here."""
