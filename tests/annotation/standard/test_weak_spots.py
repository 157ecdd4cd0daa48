"""Where the standard is weak: which rules and regions are disputed, by how many, and the pages that show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Citation, Judgment
from annotation.standard import desk as rule_desk
from annotation.standard import weak_spots
from annotation.standard.weak_spots import Region
from catalogue.models import Pair
from projects.models import Person, Project
from relevance.dimensions import Dimension
from relevance.shares import wilson
from rules import drafting, publishing, remarks
from rules.models import Rule, RuleVersion
from rules.packs import load_pack
from rules.publishing import publish_pack
from tests.conftest import ROOT, Cast
from tests.world.rows import make_item, make_judgment, make_pair, make_prediction

pytestmark = pytest.mark.django_db

ClientFor = Callable[[Person], Client]


STARTER = load_pack((ROOT / "rules/packs/starter.yaml").read_text(encoding="utf-8")).rules
Says = Callable[..., Judgment]


@pytest.fixture
def says(project: Project, cast: Cast) -> Says:
    """A person's judgment, with the rules it cites."""
    publish_pack(STARTER)

    def say(pair: Pair, by: Person, label: str, *cites: str, **fields: Any) -> Judgment:
        judgment = make_judgment(pair=pair, by=by, label=label, **fields)
        for version in RuleVersion.objects.filter(rule__code__in=cites):
            Citation.objects.create(judgment=judgment, version=version)
        return judgment

    return say


@pytest.fixture
def shades(project: Project, cast: Cast, says: Says) -> list[Pair]:
    """Three pairs cite R-081: over the first two people differ, over the third all agree, the model included."""
    pairs = [make_pair(project=project, item=make_item(project=project, category="home > mugs")) for _ in range(3)]
    for pair in pairs:
        make_prediction(pair=pair, label="L3")
    for pair, other in zip(pairs, ("L2", "L2", "L3"), strict=True):
        says(pair, cast.ana, "L3", "R-081")
        says(pair, cast.ben, other)
    return pairs


def of(spots: weak_spots.WeakSpots, code: str) -> weak_spots.WeakRule:
    return next(rule for rule in spots.rules if rule.code == code)


def test_a_rule_is_as_disputed_as_the_pairs_that_rest_on_it(shades: list[Pair], project: Project) -> None:
    tally = of(weak_spots.weak_spots(project), "R-081").tally
    assert (tally.by_two, tally.people_differ, tally.disputed) == (3, 2, 2)
    assert tally.people_rate == pytest.approx(2 / 3)
    assert (tally.by_both, tally.model_differs, tally.model_rate) == (3, 2, pytest.approx(2 / 3))


def test_who_saw_the_models_label_does_not_tell_where_it_differs(project: Project, cast: Cast, says: Says) -> None:
    """Three people over one pair: one says otherwise than the model without its label in view, two with it."""
    pair = make_pair(project=project)
    model = make_prediction(pair=pair, label="L3").model
    says(pair, cast.ana, "L4", "R-081", mode="assist")
    says(pair, cast.ben, "L4", mode="reveal")
    spots = weak_spots.weak_spots(project)
    assert (spots.model, of(spots, "R-081").tally.by_both, of(spots, "R-081").tally.model_differs) == (model, 0, 0)
    says(pair, cast.max, "L4", mode="facts")
    tally = of(weak_spots.weak_spots(project), "R-081").tally
    assert (tally.judgments, tally.by_both, tally.model_differs) == (3, 1, 1)


def test_a_rule_disputed_half_the_time_leads_before_one_disputed_once(
    shades: list[Pair], project: Project, cast: Cast, says: Says
) -> None:
    """Wilson's low end of 1 of 1 is 1 / (1 + 1.96^2) = 0.207; of 2 of 3 it is 0.208; of 5 of 10 0.237."""
    assert wilson(1, 1)[0] == pytest.approx(1 / (1 + 1.96**2))
    assert wilson(1, 1)[0] < wilson(2, 3)[0] < wilson(5, 10)[0]
    assert wilson(0, 0)[0] == 0.0
    once = make_pair(project=project)
    says(once, cast.ana, "L1", "R-001")
    says(once, cast.ben, "L4")
    codes = [rule.code for rule in weak_spots.weak_spots(project).rules if rule.tally.disputed]
    assert codes == ["R-081", "R-001"]


def test_the_later_word_of_a_judge_counts(shades: list[Pair], project: Project, cast: Cast, says: Says) -> None:
    first = shades[0]
    says(first, cast.ben, "L3", revision=2)
    assert of(weak_spots.weak_spots(project), "R-081").tally.people_differ == 1


def test_a_region_is_a_dimension_in_a_category(shades: list[Pair], project: Project) -> None:
    spots = weak_spots.weak_spots(project)
    (region,) = [one for one in spots.regions if one.region == Region(Dimension.COLOUR, "home")]
    assert region.tally.disputed == 2
    assert region.rule == "R-081"


def test_no_rule_fits_is_counted_among_the_judgments(
    shades: list[Pair], project: Project, cast: Cast, says: Says
) -> None:
    says(shades[0], cast.ada, "L3", no_rule_fits=True)
    tally = of(weak_spots.weak_spots(project), "R-081").tally
    assert tally.none_fits_share == pytest.approx(1 / 7)  # six judgments above, and this


def test_rules_that_no_pair_rests_on_are_named(shades: list[Pair], project: Project) -> None:
    spots = weak_spots.weak_spots(project)
    used = {rule.code for rule in spots.rules}
    assert used.isdisjoint(spec.code for spec in spots.unused)
    assert len(used) + len(spots.unused) == len(publishing.specs(publishing.newest()))


def test_another_project_is_not_looked_at(shades: list[Pair]) -> None:
    other = Project.objects.create(slug="hats", name="Hats")
    spots = weak_spots.weak_spots(other)
    assert (spots.pairs, spots.rules, spots.regions) == (0, [], [])


# pages


def test_from_a_weak_rule_one_click_leads_to_its_pairs_a_draft_or_a_question(
    shades: list[Pair], project: Project, cast: Cast, client_for: ClientFor
) -> None:
    rosa = client_for(cast.rosa)
    page = rosa.get(reverse("weak-spots", args=[project.slug])).content.decode()
    pairs = reverse("weak-spot", args=[project.slug]) + "?rule=R-081"
    assert f'href="{pairs}"' in page
    assert f'href="{reverse("rule-drafts")}?rule=R-081"' in page
    assert f'href="{reverse("rule", args=["R-081"])}?from=' in page
    listed = rosa.get(pairs).content.decode()
    for pair in shades[:2]:
        assert reverse("pair", args=[project.slug, pair.pk]) in listed
    assert reverse("pair", args=[project.slug, shades[2].pk]) not in listed


def test_a_region_lists_its_pairs_and_a_draft_begins_with_its_dimension(
    shades: list[Pair], project: Project, cast: Cast, client_for: ClientFor
) -> None:
    rosa = client_for(cast.rosa)
    listed = rosa.get(reverse("weak-spot", args=[project.slug]), {"dimension": "colour", "category": "home"})
    assert reverse("pair", args=[project.slug, shades[0].pk]) in listed.content.decode()
    base = publishing.newest()
    assert base is not None
    given = {"title": "Shades", "base": base.number, "rule": "new", "dimension": "colour"}
    answer = rosa.post(reverse("rule-drafts"), given)
    assert answer["Location"].endswith("/new/?dimension=colour")
    form = rosa.get(answer["Location"]).context["form"]
    assert form["dimension"].value() == "colour"


@pytest.mark.parametrize("query", [{}, {"dimension": "nonsense"}, {"category": "home"}, {"rule": "x" * 21}])
def test_a_weak_spot_that_names_neither_rule_nor_region_is_refused(
    query: dict[str, str], project: Project, cast: Cast, client_for: ClientFor
) -> None:
    assert client_for(cast.rosa).get(reverse("weak-spot", args=[project.slug]), query).status_code == 400


def test_the_rule_owners_home_gathers_what_waits(
    shades: list[Pair], project: Project, cast: Cast, client_for: ClientFor
) -> None:
    base = publishing.newest()
    assert base is not None
    draft = drafting.start(base, "Milder colours", "", cast.rosa)
    remarks.say(Rule.objects.get(code="R-081"), cast.ana, "question", "Is burgundy red?")
    desk = rule_desk.desk(project, cast.rosa)
    assert [one.draft for one in desk.previews] == [draft]
    assert desk.previews[0].test is None
    assert [remark.text for remark in desk.questions] == ["Is burgundy red?"]
    page = client_for(cast.rosa).get(reverse("standard", args=[project.slug])).content.decode()
    for text in ("R-081", "Milder colours", "Is burgundy red?"):
        assert text in page
    home = client_for(cast.rosa).get(reverse("home")).content.decode()
    assert reverse("standard", args=[project.slug]) in home


def test_an_empty_project_says_what_will_stand_here(project: Project, cast: Cast, client_for: ClientFor) -> None:
    rosa = client_for(cast.rosa)
    for name in ("standard", "weak-spots"):
        assert rosa.get(reverse(name, args=[project.slug])).status_code == 200


def test_a_rule_that_is_not_in_force_has_its_page_while_it_is_cited(
    project: Project, cast: Cast, shades: list[Pair], client_for: ClientFor
) -> None:
    lena = client_for(cast.lena)
    address = reverse("weak-spot", args=["shoes"])
    for code in ("x", "R-9999"):
        assert lena.get(address, {"rule": code}).status_code == 200
    cited = Citation.objects.values_list("version__rule__code", flat=True)[0]
    publish_pack([rule for rule in STARTER if rule.code != cited])
    answer = lena.get(address, {"rule": cited})
    assert answer.status_code == 200 and cited in answer.content.decode()
