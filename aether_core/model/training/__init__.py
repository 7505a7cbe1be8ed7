"""Training the heads on one city's places, and measuring what they learnt."""
