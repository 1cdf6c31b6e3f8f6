"""The states of a cell, in the order in which it passes them; it may skip some, never go back."""

from typing import Final

NEW: Final = 0
STARTING: Final = 1
ALIVE: Final = 2
STOPPING: Final = 3
DEAD: Final = 4
