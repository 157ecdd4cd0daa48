"""What learnt models look at: by hand for small cases, in range for all, and in the same order whatever the company."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from inference.distilled.feature_matrix import NAMES, observe
from relevance.deciding import decide
from relevance.evidence import build_grid
from relevance.facts import AskedQuery, ItemFacts, PairFacts
from relevance.features import GRID_NAMES, NAN, WORD_NAMES, QueryWords, Read, grid_features, word_features
from relevance.lexicon import Lexicon
from relevance.relative_features import RELATIVE_NAMES, relative_features
from relevance.rules import fired_rules
from relevance.vocabulary import Vocabulary, content_words, share, words
from relevance.word_evidence import word_evidence
from rules.packs import load_pack

LEXICON = Lexicon.shipped()
CATALOGUE = [
    ItemFacts("1", "Oak dining chair", cpv=(("material", "oak"), ("price", "80"))),
    ItemFacts("2", "Oak dining table", cpv=(("material", "oak"), ("price", "300"))),
    ItemFacts("3", "Dining chair cushion", cpv=(("filling", "foam"),)),
    ItemFacts("4", "Desk chair black", description="A chair for the office"),
    ItemFacts("5", "Phone case for Nokia 3310"),
]
VOCABULARY = Vocabulary.learn(CATALOGUE)


def seen(query: str, item: ItemFacts, vocabulary: Vocabulary = VOCABULARY) -> dict[str, float]:
    values = word_features(QueryWords.of(query, vocabulary), Read(item), vocabulary)
    return dict(zip(WORD_NAMES, values, strict=True))


def grid_seen(query: str, item: ItemFacts) -> dict[str, float]:
    pair = PairFacts(query, item)
    grid = build_grid(pair, LEXICON)
    return dict(zip(GRID_NAMES, grid_features(grid, (), decide(grid, ())), strict=True))


def test_every_name_stands_for_one_feature() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_a_title_that_is_the_query_holds_all_of_it() -> None:
    found = seen("oak dining chairs", CATALOGUE[0])
    for name in ("title_weight", "title_share", "anywhere_weight", "jaccard", "phrase", "head_in_title", "first_word"):
        assert found[name] == pytest.approx(1.0), name
    assert found["words_missing"] == 0
    assert found["longest_run"] == 3
    assert found["title_rest"] == 0


def test_a_missing_rare_word_weighs_more_than_a_missing_common_one() -> None:
    assert seen("oak chair", CATALOGUE[1])["title_weight"] > seen("oak foam", CATALOGUE[1])["title_weight"]


def test_what_stands_after_the_head_may_make_another_thing_of_it() -> None:
    cushion, chair = seen("dining chair", CATALOGUE[2]), seen("dining chair", CATALOGUE[0])
    assert (cushion["head_from_end"], chair["head_from_end"]) == (1, 0)
    assert (cushion["title_ends_with_head"], chair["title_ends_with_head"]) == (0, 1)


def test_words_that_make_an_item_a_companion_of_another_are_seen_with_their_place() -> None:
    found = seen("nokia 3310", CATALOGUE[4])
    assert found["compatible"] == 1
    assert found["compatible_before_head"] == 1
    assert seen("phone case", CATALOGUE[4])["compatible_before_head"] == 0


def test_a_misspelt_word_is_near_by_spelling_though_no_word_is_met() -> None:
    found = seen("dinning tabel", CATALOGUE[1])
    assert found["title_share"] == 0
    assert found["spelling_mean"] > 75


def test_what_does_not_apply_is_nan_and_not_nought() -> None:
    found = seen("chair", CATALOGUE[3])
    assert math.isnan(found["price"])
    assert math.isnan(found["numbers_found"])
    assert math.isnan(seen("lamp", CATALOGUE[0])["head_from_end"])


def test_the_price_is_read_whatever_stands_around_it() -> None:
    item = ItemFacts("9", "Chair", cpv=(("Price", "USD 20.50"),))
    assert seen("chair", item)["price"] == pytest.approx(math.log(20.5))


@pytest.mark.parametrize("query", ["", " ", "the", '"', "沙发", "12 %", "a" * 5000])
@pytest.mark.parametrize("title", ["", "?", "沙发 三人", "x" * 5000, "Oak chair"])
def test_no_text_is_too_odd(query: str, title: str) -> None:
    item = ItemFacts("9", title)
    grid = build_grid(PairFacts(query, item), LEXICON)
    observed = observe([(PairFacts(query, item), grid)], (), VOCABULARY, {})
    assert observed.features.shape == (1, len(NAMES))
    assert not np.isinf(observed.features).any()


def test_a_conflict_of_colours_is_seen_in_the_grid_features() -> None:
    found = grid_seen("black chair", ItemFacts("9", "Chair", cpv=(("colour", "white"),)))
    assert found["colour_verdict"] == -1
    assert found["conflicts"] == 1
    assert sum(found[f"rules_share_L{n}"] for n in (1, 2, 3, 4)) == pytest.approx(1)


def test_without_rules_that_fired_there_is_no_lowest_or_highest_label() -> None:
    found = grid_seen("chair", CATALOGUE[0])
    assert found["rules_fired"] == 0
    assert math.isnan(found["rules_lowest"]) and math.isnan(found["rules_highest"])


def test_the_best_of_a_list_is_below_nothing() -> None:
    asked, reads = QueryWords.of("oak dining chair", VOCABULARY), [Read(item) for item in CATALOGUE[:4]]
    rows = np.array([word_features(asked, read, VOCABULARY) for read in reads])
    found = relative_features(rows, asked, reads, VOCABULARY)
    place = RELATIVE_NAMES.index("title_weight_below_best")
    assert found[0, place] == 0
    assert (found[1:, place] < 0).all()


def test_the_order_of_the_company_changes_nothing() -> None:
    pairs = [PairFacts("dining chair", item) for item in CATALOGUE]
    asked = [(pair, build_grid(pair, LEXICON)) for pair in pairs]
    one = observe(asked, (), VOCABULARY, {AskedQuery("dining chair"): CATALOGUE})
    other = observe(asked[::-1], (), VOCABULARY, {AskedQuery("dining chair"): CATALOGUE[::-1]})
    assert np.allclose(one.features, other.features[::-1], equal_nan=True)
    assert one.words == other.words[::-1]


def test_a_pair_asked_alone_is_seen_as_among_others() -> None:
    pairs = [PairFacts("dining chair", item) for item in CATALOGUE]
    asked = [(pair, build_grid(pair, LEXICON)) for pair in pairs]
    together = observe(asked, (), VOCABULARY, {AskedQuery("dining chair"): CATALOGUE}).features
    alone = [observe([one], (), VOCABULARY, {AskedQuery("dining chair"): CATALOGUE}).features[0] for one in asked]
    assert np.allclose(together, alone, equal_nan=True)


def test_a_query_has_the_company_of_its_own_locale() -> None:
    """The same words in two locales are two queries, also where one model is asked about both at once."""
    pairs = [PairFacts("dining chair", CATALOGUE[0], "us"), PairFacts("dining chair", CATALOGUE[0], "es")]
    asked = [(pair, build_grid(pair, LEXICON)) for pair in pairs]
    others = {AskedQuery("dining chair", "us"): CATALOGUE, AskedQuery("dining chair", "es"): CATALOGUE[3:]}
    together = observe(asked, (), VOCABULARY, others).features
    alone = [observe([one], (), VOCABULARY, others).features[0] for one in asked]
    assert np.allclose(together, alone, equal_nan=True)
    assert not np.allclose(together[0], together[1], equal_nan=True)


def test_rules_that_fire_are_seen() -> None:
    rules = load_pack(Path("rules/packs/starter.yaml").read_text(encoding="utf-8")).rules
    pair = PairFacts("black chair", ItemFacts("9", "Chair", cpv=(("colour", "white"),)))
    grid = build_grid(pair, LEXICON)
    fired = fired_rules(pair, grid, rules)
    found = dict(zip(GRID_NAMES, grid_features(grid, fired, decide(grid, fired)), strict=True))
    assert found["rules_fired"] == len(fired) > 0
    assert found["rules_lowest"] == min(int(rule.label[1]) for rule in fired)


def test_words_are_met_unmet_or_not_asked_for() -> None:
    found = dict(word_evidence(QueryWords.of("oak chair", VOCABULARY), Read(CATALOGUE[1])))
    assert found["m:oak"] == found["u:chair"] == 1.0
    assert found["t:table"] == found["x:chair|table"] == 0.5
    assert "n:material" in found
    assert "t:oak" not in found


def test_a_vocabulary_is_learnt_in_any_order_and_stored_as_plain_data() -> None:
    assert Vocabulary.learn(CATALOGUE[::-1]) == VOCABULARY
    back = Vocabulary.from_json(VOCABULARY.to_json())
    assert back.rarity("chair") == VOCABULARY.rarity("chair") < VOCABULARY.rarity("unheard")
    assert back.follows("dining", "chair") == VOCABULARY.follows("dining", "chair") > 0


def test_the_words_of_a_query_are_those_with_a_meaning_unless_there_are_no_others() -> None:
    assert content_words("Cases for the chairs") == ["case", "chair"]
    assert content_words("for the") == ["for", "the"]
    assert words("Bed-side TABLES, 2 pcs") == ["bed-side", "table", "2", "pcs"]


def test_the_share_of_nothing_is_none_of_it() -> None:
    assert share([], []) == 0.0
    assert share([2.0, 1.0, 1.0], [True, False, True]) == pytest.approx(0.75)
    assert math.isnan(NAN)
