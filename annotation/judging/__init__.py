"""A person judges one pair after the other.

- `queue`       who judges what next: slots are rows, a lease holds one
- `card`        what is shown in each mode, and nothing more; `card_rules` the rules on it, and which are cited
- `lateness`    how long after its lease an answer is still taken
- `recording`   how a judgment is recorded: once, whatever the network does; `drafts` what is not recorded yet
- `left_behind` what people sent who may no longer judge
- `views`, `left_behind_views` its pages
"""
