"""Figures of people and models, and what they are of.

- `measurable`  what may measure a model, and what is left out
- `foreign`     the same of a model outside of here, by its name
- `agreement`   people among themselves, the model beside them, both against gold
- `views`       the page
"""
