"""Population and housing: from shares of areas to a map of areas and cells, with intervals."""

from aether_core.tasks.kinds.shares import SHARES
from ui.shell import errors, page, state
from ui.tasks import map_page

page.through_router()
with errors.boxed(state.reachable):
    map_page.show(SHARES.name)
