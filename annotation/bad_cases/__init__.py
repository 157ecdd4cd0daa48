"""Results that someone flagged.

- `following`   opened, given an owner and a cause, noted, closed, opened again
- `views`       its pages
"""
