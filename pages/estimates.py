"""Estimates: from places where a number is known to a map of it, with intervals."""

from aether_core.tasks.kinds.numbers import NUMBERS
from ui.shell import errors, page, state
from ui.tasks import map_page

page.through_router()
with errors.boxed(state.reachable):
    map_page.show(NUMBERS.name)
