"""Who may do what: one table from (URL name, method) to permission, one from permission to roles.

Every URL of the product stands here; a URL without an entry does not answer (projects.gates), and a test walks both
ways. `SYSTEM` permissions belong to system admins, who run the installation and see no judgments; `KEEP_RULES` to the rule
owners of the installation, whom system admins appoint; those in SCOPES to programs with a service token, and to no person.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from projects.models import Role, Scope


class Permission(StrEnum):
    ANYONE = "anyone"  # no login
    SIGNED_IN = "signed_in"
    SYSTEM = "system"
    KEEP_RULES = "keep_rules"  # a rule owner of the installation: no role of a project gives it
    SEE_PROJECT = "see_project"
    SEE_PAIRS = "see_pairs"
    SEE_IMAGES = "see_images"
    JUDGE = "judge"
    ADJUDICATE = "adjudicate"
    FLAG = "flag"
    TRIAGE = "triage"
    IMPORT = "import"
    PRELABEL = "prelabel"
    CURATE = "curate"
    EXPORT = "export"
    SEE_FIGURES = "see_figures"
    SEE_NAMES = "see_names"  # who judged, asked, wrote; others read numbers
    SEE_HARD_SETS = "see_hard_sets"
    KEEP_KNOWLEDGE = "keep_knowledge"
    JUDGE_AGAIN = "judge_again"
    TEST_RULES = "test_rules"
    MANAGE = "manage"
    AUDIT = "audit"
    PROGRAM_IMPORT = "program_import"  # these four are held by tokens alone, and are all that a token holds
    PROGRAM_PRELABEL = "program_prelabel"
    PROGRAM_EXPORT = "program_export"
    PROGRAM_MONITOR = "program_monitor"


L, A, R, M, P, U = (
    Role.LABELER,
    Role.ADJUDICATOR,
    Role.RULE_OWNER,
    Role.ML_ENGINEER,
    Role.LEAD,
    Role.AUDITOR,
)

# Permissions inside a project; a person holds one if any of their roles in that project does.
ROLES: Mapping[Permission, frozenset[Role]] = {
    Permission.SEE_PROJECT: frozenset({L, A, R, M, P, U}),
    Permission.SEE_PAIRS: frozenset({A, R, M, P, U}),
    Permission.SEE_IMAGES: frozenset({L, A, R, M, P, U}),
    Permission.JUDGE: frozenset({L, A}),
    Permission.ADJUDICATE: frozenset({A}),
    Permission.FLAG: frozenset({L, A, R, M, P}),
    Permission.TRIAGE: frozenset({A, R, M, P}),
    Permission.IMPORT: frozenset({P}),
    Permission.PRELABEL: frozenset({M, P}),
    Permission.CURATE: frozenset({A, M, P}),
    Permission.EXPORT: frozenset({M, P}),
    Permission.SEE_FIGURES: frozenset({A, R, M, P, U}),
    Permission.SEE_NAMES: frozenset({A, P, U}),
    Permission.SEE_HARD_SETS: frozenset({A, M, P, U}),
    Permission.KEEP_KNOWLEDGE: frozenset({R, M, P}),
    Permission.JUDGE_AGAIN: frozenset({R, P}),
    Permission.TEST_RULES: frozenset({R, M, P}),
    Permission.MANAGE: frozenset({P}),
    Permission.AUDIT: frozenset({P, U}),
}

# Permissions of a program in the project of its token; projects.bearer reads them.
SCOPES: Mapping[Permission, Scope] = {
    Permission.PROGRAM_IMPORT: Scope.IMPORT,
    Permission.PROGRAM_PRELABEL: Scope.PRELABEL,
    Permission.PROGRAM_EXPORT: Scope.EXPORT,
    Permission.PROGRAM_MONITOR: Scope.MONITOR,
}


def _read(permission: Permission) -> dict[str, Permission]:
    return {"GET": permission}


def _write(permission: Permission) -> dict[str, Permission]:
    return {"POST": permission}


def _both(read: Permission, write: Permission) -> dict[str, Permission]:
    return {"GET": read, "POST": write}


P_ = Permission

POLICY: Mapping[str, Mapping[str, Permission]] = {
    # signing in, and what everyone sees
    "login": _both(P_.ANYONE, P_.ANYONE),
    "logout": _write(P_.SIGNED_IN),
    "welcome": _both(P_.ANYONE, P_.ANYONE),
    "language": _write(P_.ANYONE),
    "health": _read(P_.ANYONE),
    "home": _read(P_.SIGNED_IN),
    "role-offer": _write(P_.SIGNED_IN),
    "help": _read(P_.SIGNED_IN),
    "projects": _read(P_.SIGNED_IN),
    "project-state": _both(P_.SIGNED_IN, P_.SIGNED_IN),
    "account": _both(P_.SIGNED_IN, P_.SIGNED_IN),
    "workers": _read(P_.SIGNED_IN),
    "workers-badge": _read(P_.SIGNED_IN),
    "rules": _read(P_.SIGNED_IN),
    "rule": _read(P_.SIGNED_IN),
    "rule-base-diff": _read(P_.SIGNED_IN),
    "rule-base-pack": _read(P_.SIGNED_IN),
    "rule-findings": _read(P_.SIGNED_IN),
    "rule-remarks": _read(P_.SIGNED_IN),
    "rule-remark": _write(P_.SIGNED_IN),
    "rule-say": _write(P_.SIGNED_IN),
    "rule-owner": _write(P_.KEEP_RULES),
    "rule-drafts": _both(P_.SIGNED_IN, P_.KEEP_RULES),
    "rule-draft": _read(P_.SIGNED_IN),
    "drafted-rule": _both(P_.KEEP_RULES, P_.KEEP_RULES),
    "rule-draft-act": _write(P_.KEEP_RULES),
    "rule-draft-pack": _write(P_.KEEP_RULES),
    "rule-check": _write(P_.KEEP_RULES),
    # the installation
    "people": _both(P_.SYSTEM, P_.SYSTEM),
    "person": _both(P_.SYSTEM, P_.SYSTEM),
    "person-forget": _both(P_.SYSTEM, P_.SYSTEM),
    "project-delete": _both(P_.SYSTEM, P_.SYSTEM),
    "project-new": _both(P_.SYSTEM, P_.SYSTEM),
    "installation-audit": _read(P_.SYSTEM),
    "installation-models": _both(P_.SYSTEM, P_.SYSTEM),
    # a project
    "project": _read(P_.SEE_PROJECT),
    "project-settings": _both(P_.MANAGE, P_.MANAGE),
    "project-rules": _write(P_.MANAGE),
    "members": _both(P_.MANAGE, P_.MANAGE),
    "member-remove": _write(P_.MANAGE),
    "role-offer-withdraw": _write(P_.MANAGE),
    "tokens": _both(P_.MANAGE, P_.MANAGE),
    "token-revoke": _write(P_.MANAGE),
    "audit": _read(P_.AUDIT),
    "image": _read(P_.SEE_IMAGES),
    # import
    "imports": _both(P_.IMPORT, P_.IMPORT),
    "import": _both(P_.IMPORT, P_.IMPORT),
    "import-cancel": _write(P_.IMPORT),
    "import-rejected": _read(P_.IMPORT),
    "import-conflicts": _read(P_.IMPORT),
    "remaking": _both(P_.PRELABEL, P_.PRELABEL),
    "pictures": _read(P_.IMPORT),
    "pictures-retry": _write(P_.IMPORT),
    "pictures-cancel": _write(P_.IMPORT),
    "picture-words-read": _write(P_.IMPORT),
    "picture-words-cancel": _write(P_.IMPORT),
    "picture-source": _write(P_.MANAGE),
    "picture-source-remove": _write(P_.MANAGE),
    # pairs
    "pairs": _read(P_.SEE_PAIRS),
    "pair": _read(P_.SEE_PAIRS),
    "pair-wrong": _both(P_.SEE_PAIRS, P_.JUDGE),
    "query-erase": _both(P_.MANAGE, P_.MANAGE),
    "more-judgments": _both(P_.MANAGE, P_.MANAGE),
    "more-take-back": _write(P_.MANAGE),
    # knowledge
    "knowledge": _read(P_.SEE_PROJECT),
    "knowledge-card": _both(P_.SEE_PROJECT, P_.KEEP_KNOWLEDGE),
    "knowledge-new": _both(P_.KEEP_KNOWLEDGE, P_.KEEP_KNOWLEDGE),
    "knowledge-import": _write(P_.KEEP_KNOWLEDGE),
    "knowledge-imported": _both(P_.KEEP_KNOWLEDGE, P_.KEEP_KNOWLEDGE),
    "knowledge-rejected": _read(P_.KEEP_KNOWLEDGE),
    # pre-label
    "guideline": _both(P_.KEEP_KNOWLEDGE, P_.KEEP_KNOWLEDGE),
    "models": _read(P_.SEE_FIGURES),
    "model": _read(P_.SEE_FIGURES),
    "model-promote": _write(P_.PRELABEL),
    "model-put-back": _write(P_.PRELABEL),
    "model-retire": _write(P_.PRELABEL),
    "model-calibrate": _write(P_.PRELABEL),
    "model-train": _write(P_.PRELABEL),
    "model-canary": _write(P_.PRELABEL),
    "model-job-cancel": _write(P_.PRELABEL),
    "playground": _both(P_.PRELABEL, P_.PRELABEL),
    "trial": _read(P_.PRELABEL),
    "compare": _write(P_.PRELABEL),
    "comparison": _read(P_.PRELABEL),
    "prompts": _both(P_.PRELABEL, P_.PRELABEL),
    "prompt": _read(P_.PRELABEL),
    "prompt-activate": _write(P_.PRELABEL),
    "prompt-put-back": _write(P_.PRELABEL),
    "runs": _both(P_.PRELABEL, P_.PRELABEL),
    "run": _read(P_.PRELABEL),
    "run-cancel": _write(P_.PRELABEL),
    "run-resume": _write(P_.PRELABEL),
    "run-replay": _write(P_.PRELABEL),
    # judge
    "judge": _read(P_.JUDGE),
    "judge-ahead": _read(P_.JUDGE),
    "judge-submit": _write(P_.JUDGE),
    "judge-later": _write(P_.JUDGE),
    "judge-draft": _write(P_.JUDGE),
    "judge-renew": _write(P_.JUDGE),
    "judge-undo": _write(P_.JUDGE),
    "judge-flag": _write(P_.JUDGE),
    "judge-leave": _write(P_.JUDGE),
    "judge-wrong": _both(P_.JUDGE, P_.JUDGE),
    "left-behind": _read(P_.MANAGE),
    # checking the evidence
    "evidence": _both(P_.SEE_PROJECT, P_.MANAGE),
    "evidence-gate": _read(P_.SEE_PAIRS),
    "evidence-next": _read(P_.JUDGE),
    "evidence-pair": _both(P_.JUDGE, P_.JUDGE),
    "evidence-undo": _write(P_.JUDGE),
    # disagreements
    "disputes": _read(P_.ADJUDICATE),
    "dispute": _both(P_.ADJUDICATE, P_.ADJUDICATE),
    # bad cases
    "bad-cases": _read(P_.FLAG),
    "bad-case": _both(P_.FLAG, P_.TRIAGE),
    "bad-case-open": _write(P_.FLAG),
    # hard sets, exports, figures
    "hard-sets": _both(P_.SEE_HARD_SETS, P_.CURATE),
    "hard-set": _read(P_.SEE_HARD_SETS),
    "exports": _both(P_.EXPORT, P_.EXPORT),
    "export": _read(P_.EXPORT),
    "export-cancel": _write(P_.EXPORT),
    "export-file": _read(P_.EXPORT),
    "agreement": _read(P_.SEE_FIGURES),
    "backtests": _both(P_.SEE_FIGURES, P_.TEST_RULES),
    "backtest": _read(P_.SEE_FIGURES),
    "backtest-cancel": _write(P_.TEST_RULES),
    "replay-freeze": _write(P_.TEST_RULES),
    "standard": _read(P_.SEE_PAIRS),
    "weak-spots": _read(P_.SEE_PAIRS),
    "weak-spot": _read(P_.SEE_PAIRS),
    "stale": _both(P_.SEE_FIGURES, P_.JUDGE_AGAIN),
    # programs
    "openapi": _read(P_.ANYONE),  # says nothing of the installation; clients are made from it before a token is held
    "api-v1-imports": _write(P_.PROGRAM_IMPORT),
    "api-v1-import": _read(P_.PROGRAM_IMPORT),
    "api-v1-import-rejected": _read(P_.PROGRAM_IMPORT),
    "api-v1-import-conflicts": _read(P_.PROGRAM_EXPORT),  # it tells labels that stand
    "api-v1-runs": _write(P_.PROGRAM_PRELABEL),
    "api-v1-run": _read(P_.PROGRAM_PRELABEL),
    "api-v1-exports": _write(P_.PROGRAM_EXPORT),
    "api-v1-export": _read(P_.PROGRAM_EXPORT),
    "api-v1-export-file": _read(P_.PROGRAM_EXPORT),
    "api-v1-bad-cases": _write(P_.PROGRAM_MONITOR),
    "api-v1-evidence": _read(P_.PROGRAM_MONITOR),
    # programs, at the addresses before /api/v1
    "api-imports": _write(P_.PROGRAM_IMPORT),
    "api-import": _read(P_.PROGRAM_IMPORT),
    "api-import-rejected": _read(P_.PROGRAM_IMPORT),
    "api-import-conflicts": _read(P_.PROGRAM_EXPORT),
    "api-runs": _write(P_.PROGRAM_PRELABEL),
    "api-run": _read(P_.PROGRAM_PRELABEL),
    "api-exports": _write(P_.PROGRAM_EXPORT),
    "api-export": _read(P_.PROGRAM_EXPORT),
    "api-export-file": _read(P_.PROGRAM_EXPORT),
    "api-bad-cases": _write(P_.PROGRAM_MONITOR),
    "api-evidence": _read(P_.PROGRAM_MONITOR),
}
