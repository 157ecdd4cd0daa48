"""The tier that learns on this installation and answers on a processor.

- `observing`   from pairs to the numbers that it reads
- `fitting`     how it learns: word weights, `trees`, `linear`, calibration
- `lessons`     what was learnt, as a row
"""
