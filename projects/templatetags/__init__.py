"""How templates show numbers, people and foreign text: `{% load look %}`."""
