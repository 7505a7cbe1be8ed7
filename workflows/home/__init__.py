"""The installation: settings, the store, folders of the home and what is left in them."""
