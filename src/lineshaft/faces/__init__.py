"""Faces show what engines decide; they know engines only through the registry."""
