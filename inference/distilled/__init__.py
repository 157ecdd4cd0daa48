"""The tier that learns on this installation and answers on a processor.

- `feature_matrix` from pairs to the numbers that it reads
- `fitting`     how it learns: word weights, `trees`, `linear`, calibration
- `learnt_models` what was learnt, as a row
"""
