"""The user's own vectors, and the files in which people have them."""
