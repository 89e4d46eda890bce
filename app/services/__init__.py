"""The verbs of actors."""
