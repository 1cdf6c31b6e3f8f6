"""Other engines' own scripts, run by the Python of their own environments."""
