"""Supervised actors on pykka."""
from supervision.actor import Actor
