"""How templates show labels, dimensions, acts and reasons: `{% load domain %}`."""
