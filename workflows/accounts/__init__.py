"""Who may use the web app."""
