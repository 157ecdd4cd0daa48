"""The rule base: read, talked about, and changed by drafts. `new` as a code asks for a rule that is not there yet."""

from django.urls import path

from rules.views import drafting, following, remarks, rules, versions

urlpatterns = [
    path("rules/", rules.rules, name="rules"),
    path("rules/drafts/", drafting.drafts, name="rule-drafts"),
    path("rules/drafts/<int:draft_id>/", drafting.draft, name="rule-draft"),
    path("rules/drafts/<int:draft_id>/act/", drafting.act, name="rule-draft-act"),
    path("rules/drafts/<int:draft_id>/pack/", drafting.bring, name="rule-draft-pack"),
    path("rules/drafts/<int:draft_id>/<str:code>/", drafting.drafted_rule, name="drafted-rule"),
    path("rules/check/", drafting.check, name="rule-check"),
    path("rules/differences/", versions.differences, name="rule-base-diff"),
    path("rules/findings/", versions.findings, name="rule-findings"),
    path("rules/pack/<int:number>/", versions.pack, name="rule-base-pack"),
    path("rules/remarks/", remarks.remarks, name="rule-remarks"),
    path("rules/remarks/<int:remark_id>/", remarks.respond, name="rule-remark"),
    path("p/<slug:slug>/rules/", following.choose, name="project-rules"),
    path("rules/<str:code>/", rules.rule, name="rule"),
    path("rules/<str:code>/say/", remarks.say, name="rule-say"),
    path("rules/<str:code>/owner/", remarks.owner, name="rule-owner"),
]
