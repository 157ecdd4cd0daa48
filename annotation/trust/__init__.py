"""Figures of people and models, and what they are of.

- `measurable`  what may measure a model, and what is left out
- `agreement`   people among themselves, the model beside them, both against gold
- `views`       the page
"""
