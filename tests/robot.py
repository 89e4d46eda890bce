"""A robot that fills in forms from the served JSON alone, as an outside program would: the simulation's."""

from app.simulation.served import answer, fields, fill, required

__all__ = ["answer", "fields", "fill", "required"]
