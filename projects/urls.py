"""Signing in, people, projects."""

from django.urls import path

from projects.views import account, home, members, people, project_settings, projects, signing_in, tokens

urlpatterns = [
    path("", home.home, name="home"),
    path("offers/<int:offer_id>/", home.answer_offer, name="role-offer"),
    path("help/", home.help_page, name="help"),
    path("login/", signing_in.login, name="login"),
    path("logout/", signing_in.logout, name="logout"),
    path("welcome/<str:token>/", signing_in.welcome, name="welcome"),
    path("language/", account.language, name="language"),
    path("account/", account.account, name="account"),
    path("people/", people.people, name="people"),
    path("people/<int:person_id>/", people.person, name="person"),
    path("people/<int:person_id>/forget/", people.forget, name="person-forget"),
    path("projects/", projects.projects, name="projects"),
    path("projects/<int:project_id>/", projects.project_state, name="project-state"),
    path("projects/<int:project_id>/delete/", projects.delete, name="project-delete"),
    path("projects/new/", project_settings.new, name="project-new"),
    path("p/<slug:slug>/settings/", project_settings.settings, name="project-settings"),
    path("p/<slug:slug>/members/", members.members, name="members"),
    path("p/<slug:slug>/members/<int:membership_id>/remove/", members.remove, name="member-remove"),
    path("p/<slug:slug>/members/offers/<int:offer_id>/withdraw/", members.withdraw, name="role-offer-withdraw"),
    path("p/<slug:slug>/tokens/", tokens.tokens, name="tokens"),
    path("p/<slug:slug>/tokens/<int:token_id>/revoke/", tokens.revoke, name="token-revoke"),
    path("audit/", members.installation_audit, name="installation-audit"),
    path("p/<slug:slug>/audit/", members.audit, name="audit"),
]
