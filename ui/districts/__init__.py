"""Districts: drawn, uploaded or chosen areas, their figures beside the city's and another's."""
