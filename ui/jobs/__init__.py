"""Jobs on a page: a bar, a panel, and the tray in the sidebar."""
