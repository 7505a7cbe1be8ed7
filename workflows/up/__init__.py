"""`up` and `down`: database, worker and web app as one thing that starts and stops together."""
