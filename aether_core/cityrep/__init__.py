"""CityRep, the benchmark that AETHER's authors published: its release, head and scores."""
