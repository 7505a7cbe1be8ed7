"""Loads what tells languages apart: half a second, which forked processes need not spend each."""

from aether_core.poi.name_language import name_language

name_language(str(number) for number in range(100))
