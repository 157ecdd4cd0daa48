"""Where labels meet the rules.

- `backtesting`, `rule_effects` a draft held against every stored pair; `sampled_backtesting` tried by a model on a sample
- `replaying`   frozen gold that a draft must hold; `rule_replays` what each project is told of a draft or a new version
- `staleness`, `rejudging` which labels rest on a rule that reads otherwise now, and how they are made again
- `weak_spots`  rules and regions where people, and people and model, differ
- `desk`        what waits for a rule owner
- `views`, `backtest_views`, `weak_spot_views` its pages
"""
