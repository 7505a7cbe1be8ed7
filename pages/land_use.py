"""Land use: from labels to a map of classes that says how sure it is and where it does not hold."""

from aether_core.tasks.kinds.classes import CLASSES
from ui.shell import errors, page, state
from ui.tasks import map_page

page.through_router()
with errors.boxed(state.reachable):
    map_page.show(CLASSES.name)
