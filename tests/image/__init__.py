"""The container image, checked where there is no container engine."""
