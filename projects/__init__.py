"""People, projects and who may do what. Knows nothing of pairs, rules or models: upper layers plug in by `hooks`.

Read `models`, then `policy` (one table says who may do what) and `gates` (where it is asked, before any view).

- `policy`, `gates`, `requests`, `refusals`, `boundary` a request's way: who may, how it is read, how it is refused
- `bearer`, `problems`, `openapi`, `tokens`, `uploading` programs and files; `commands` the contract of the command line
- `passwords`, `login_throttling`, `devices`, `sessions`, `invitations`, `next_page`, `demo_logins` signing in
- `creating`, `archiving`, `membership`, `role_offers`, `forgetting`, `names`, `forms` projects and their people;
  `rule_owners` of the installation
- `deleting` a project for good: `rows_of_project` which rows those are, `deletion_door` the way that they leave by
- `audit`, `refused_requests`, `log_lines` what was done, what was refused, the log; `client_addresses` where a request came from
- `retention` what ends by time
- `home_cards`, `context`, `language` what every page shows
- `hooks`      what must go up the layers
- `allowances` how much one person makes in an hour
- `cached_figures` figures that may be a moment old; `starting` whether a process may start
- `urls`       signing in, people, projects
"""
