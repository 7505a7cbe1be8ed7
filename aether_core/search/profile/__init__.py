"""Profiles of areas: what lies in each, with intervals, beside the city's and another's."""
