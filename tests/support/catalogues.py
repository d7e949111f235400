"""Operators' files of the catalogue."""

from typing import Final

SDXL_OFFERED: Final = "[models.sdxl]\noffered = true\n"
"""SDXL is still run, in its own command."""

SDXL_IN_IMAGINE: Final = SDXL_OFFERED + 'command = "imagine"\n'
"""SDXL is one of the models of /imagine, whose options are then those of all models."""
