"""What people do: judge, settle, ask for more, follow up, keep the standard, take sets away."""

from django.urls import path

from annotation import overview_views
from annotation.bad_cases import views as bad_cases
from annotation.curation import hard_set_views as hard_set
from annotation.curation import views as curation
from annotation.evidence_checks import views as evidence_checks
from annotation.gold import views as gold
from annotation.judging import left_behind_views as left_behind
from annotation.judging import views as judging
from annotation.pairs import erasing_views
from annotation.pairs import evidence_views as evidence
from annotation.pairs import more_judgments_views as more_judgments
from annotation.pairs import views as pairs
from annotation.standard import backtest_views as backtest
from annotation.standard import views as standard
from annotation.standard import weak_spot_views as weak_spot
from annotation.trust import views as trust

urlpatterns = [
    path("p/<slug:slug>/", overview_views.project, name="project"),
    path("p/<slug:slug>/pairs/", pairs.pairs, name="pairs"),
    path("p/<slug:slug>/pairs/more/", more_judgments.more, name="more-judgments"),
    path("p/<slug:slug>/pairs/more/<int:act_id>/take-back/", more_judgments.take_back, name="more-take-back"),
    path("p/<slug:slug>/queries/<int:query_id>/erase/", erasing_views.erase, name="query-erase"),
    path("p/<slug:slug>/pairs/<int:pair_id>/", pairs.pair, name="pair"),
    path("p/<slug:slug>/pairs/<int:pair_id>/wrong/", evidence.of_pair, name="pair-wrong"),
    path("p/<slug:slug>/judge/", judging.judge, name="judge"),
    path("p/<slug:slug>/judge/undo/", judging.undo, name="judge-undo"),
    path("p/<slug:slug>/judge/leave/", judging.leave, name="judge-leave"),
    path("p/<slug:slug>/left-behind/", left_behind.left_behind, name="left-behind"),
    path("p/<slug:slug>/judge/<uuid:token>/", judging.submit, name="judge-submit"),
    path("p/<slug:slug>/judge/<uuid:token>/wrong/", evidence.of_card, name="judge-wrong"),
    path("p/<slug:slug>/judge/<uuid:token>/ahead/", judging.ahead, name="judge-ahead"),
    path("p/<slug:slug>/judge/<uuid:token>/later/", judging.later, name="judge-later"),
    path("p/<slug:slug>/judge/<uuid:token>/draft/", judging.draft, name="judge-draft"),
    path("p/<slug:slug>/judge/<uuid:token>/renew/", judging.renew, name="judge-renew"),
    path("p/<slug:slug>/judge/<uuid:token>/flag/", judging.flag, name="judge-flag"),
    path("p/<slug:slug>/evidence/", evidence_checks.evidence, name="evidence"),
    path("p/<slug:slug>/evidence/<int:gate_id>/", evidence_checks.category, name="evidence-gate"),
    path("p/<slug:slug>/evidence/next/", evidence_checks.next_pair, name="evidence-next"),
    path("p/<slug:slug>/evidence/undo/", evidence_checks.undo, name="evidence-undo"),
    path("p/<slug:slug>/evidence/pairs/<int:pair_id>/", evidence_checks.pair, name="evidence-pair"),
    path("p/<slug:slug>/disputes/", gold.disputes, name="disputes"),
    path("p/<slug:slug>/disputes/<int:dispute_id>/", gold.dispute, name="dispute"),
    path("p/<slug:slug>/bad-cases/", bad_cases.bad_cases, name="bad-cases"),
    path("p/<slug:slug>/bad-cases/open/", bad_cases.open_case, name="bad-case-open"),
    path("p/<slug:slug>/bad-cases/<int:case_id>/", bad_cases.bad_case, name="bad-case"),
    path("p/<slug:slug>/hard-sets/", hard_set.hard_sets, name="hard-sets"),
    path("p/<slug:slug>/hard-sets/<int:hard_set_id>/", hard_set.hard_set, name="hard-set"),
    path("p/<slug:slug>/exports/", curation.exports, name="exports"),
    path("p/<slug:slug>/exports/<int:export_id>/", curation.export, name="export"),
    path("p/<slug:slug>/exports/<int:export_id>/cancel/", curation.cancel, name="export-cancel"),
    path("p/<slug:slug>/exports/<int:export_id>/files/<str:name>", curation.file, name="export-file"),
    path("p/<slug:slug>/backtests/", backtest.backtests, name="backtests"),
    path("p/<slug:slug>/backtests/<int:test_id>/", backtest.backtest, name="backtest"),
    path("p/<slug:slug>/backtests/<int:test_id>/cancel/", backtest.cancel, name="backtest-cancel"),
    path("p/<slug:slug>/replay-sets/", backtest.freeze, name="replay-freeze"),
    path("p/<slug:slug>/standard/", weak_spot.standard, name="standard"),
    path("p/<slug:slug>/standard/weak-spots/", weak_spot.spots, name="weak-spots"),
    path("p/<slug:slug>/standard/weak-spots/pairs/", weak_spot.pairs, name="weak-spot"),
    path("p/<slug:slug>/stale/", standard.stale, name="stale"),
    path("p/<slug:slug>/agreement/", trust.agreement, name="agreement"),
]
