"""Pages of people and projects: signing in, the home page, members, settings, tokens."""
