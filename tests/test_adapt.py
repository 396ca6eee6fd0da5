"""A model for one publisher, from a few labelled blocks: what it learns, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import tiny
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from paywallclf import Document, PaywallClassifier, parse_html, parse_text, scoring
from training.adapt import LABELLED, draw, sum_counts
from training.corpus import GoldBlock, LabelledPage

#: A publisher whose promos have no word and no class name of what the small classifier knows, and stand amid its articles.
_PROMOS = [
    ["Orchard friends keep the lanterns burning", "Ask the steward how"],
    ["A lantern of your own, posted each quarter", "Ask at the gate"],
    ["Stand with the orchard this winter", "Three coins a moon, no more"],
    ["Two hundred friends already carry one", "See what friends are sent"],
]
_SENTENCES = [
    ["The cider press was mended on Sunday.", "It had stood still since the frost."],
    ["Pickers from the valley came in the rain.", "They left with full baskets."],
    ["The old wall by the road has fallen.", "Its stones go into the new barn."],
    ["A fox was seen among the hives.", "No hive was harmed, says the keeper."],
]


#: The blocks of a page: the menu, a sentence and a line of a promo, twice, the footer. Menu and footer nobody labels.
LABELS = [None, "editorial", "promo", "editorial", "promo", None]
PROMO = [label == "promo" for label in LABELS]


def orchard(number: int) -> Document:
    """A page of the publisher."""
    lines = "".join(
        f'<p class="text">{sentence}</p><p class="glowbox lantern">{promo}</p>'
        for sentence, promo in zip(_SENTENCES[number], _PROMOS[number], strict=True)
    )
    return framed(f'<article class="story">{lines}</article>')


def framed(body: str) -> Document:
    return parse_html(
        f'<!DOCTYPE html><body class="page"><ul class="menu"><li><a href="/">orchard</a></li></ul>{body}'
        '<footer class="foot">Orchard 2026</footer></body>'
    )


@cache
def start() -> PaywallClassifier:
    """A model that has not seen the publisher; not to be changed. Its threshold is one half."""
    classifier = tiny.small(hidden=16, network_epochs=20, network_alpha=1.0).fit(*tiny.documents())
    config = {**classifier.model_.config, "thresholds": dict.fromkeys(scoring.THRESHOLDS, 0.5)}
    classifier.model_ = replace(classifier.model_, config=config)
    return classifier


@cache
def adapted() -> PaywallClassifier:
    return start().adapt([orchard(0), orchard(1)], [LABELS, LABELS])


def is_promo(classifier: PaywallClassifier, document: Document) -> list[bool]:
    return [label == "promo" for label in classifier.predict([document])[0]]


def promo_chances(classifier: PaywallClassifier, document: Document) -> NDArray[np.float64]:
    chances: NDArray[np.float64] = classifier.predict_proba([document])[0][:, 1]
    return chances


@pytest.mark.parametrize("number", [2, 3])
def test_finds_promos_of_other_words_on_the_publishers_other_pages(number: int) -> None:
    assert not any(is_promo(start(), orchard(number)))  # they leak
    assert is_promo(adapted(), orchard(number)) == PROMO


def test_keeps_what_the_publisher_writes_in_a_promos_clothes() -> None:
    """An article in the elements that elsewhere hold offers."""

    def page(sentences: list[str]) -> Document:
        lines = "".join(f'<div class="offer-line opinion-desk">{sentence}</div>' for sentence in sentences)
        return framed(f'<aside class="offer" id="offer">{lines}</aside>')

    labelled, other = page(_SENTENCES[0] + _SENTENCES[1]), page(_SENTENCES[2] + _SENTENCES[3])
    corrected = start().adapt([labelled], [[None, *["editorial"] * 4, None]])
    assert sum(is_promo(start(), other)) >= 3
    assert not any(is_promo(corrected, other))


def test_reads_other_publishers_pages_as_before() -> None:
    for document in tiny.documents()[0]:
        assert promo_chances(adapted(), document) == pytest.approx(promo_chances(start(), document), abs=0.02)


def test_does_not_take_what_stands_all_over_the_publishers_pages_for_a_mark_of_promos() -> None:
    """Every paragraph is a ``grid-cell`` here; so are another publisher's, and they keep their scores."""

    prose = "".join(f'<p class="grid-cell">The cellar holds barrel {number}.</p>' for number in range(300))
    promos = "".join(f'<p class="grid-cell glowbox">{line}</p>' for lines in _PROMOS for line in lines)
    labels = [None, *[None] * 300, *["promo"] * 8, None]
    taught = start().adapt([framed(f"<article>{prose}{promos}</article>")], [labels])
    elsewhere = framed("".join(f'<p class="grid-cell">{line}</p>' for lines in _SENTENCES for line in lines))
    assert promo_chances(taught, elsewhere) == pytest.approx(promo_chances(start(), elsewhere), abs=0.02)


def test_learns_from_plain_text_too() -> None:
    page = parse_text("\n\n".join(_SENTENCES[0] + _PROMOS[0]))
    kept = start().adapt([page], [["editorial"] * 4])
    assert is_promo(start(), page) == [False, False, True, True]
    assert (promo_chances(kept, page)[2:] < promo_chances(start(), page)[2:]).all()


def test_leaves_the_model_that_it_starts_from_as_it_was() -> None:
    model = start().model_
    arrays, config = {name: array.copy() for name, array in model.arrays.items()}, dict(model.config)
    start().adapt([orchard(0)], [LABELS])
    assert start().model_ is model
    assert model.config == config
    assert all((model.arrays[name] == array).all() for name, array in arrays.items())


def test_the_same_labels_give_the_same_model() -> None:
    first, second = (start().adapt([orchard(0)], [LABELS]).model_ for _ in range(2))
    assert first.config == second.config
    assert all((first.arrays[name] == second.arrays[name]).all() for name in first.arrays)


def test_starts_from_a_loaded_model_and_comes_back_from_its_own_file(tmp_path: Path) -> None:
    start().save(tmp_path / "start")
    ours = PaywallClassifier.load(tmp_path / "start").adapt([orchard(0), orchard(1)], [LABELS, LABELS])
    ours.save(tmp_path / "adapted")
    theirs = PaywallClassifier.load(tmp_path / "adapted")
    for number in range(4):
        assert (promo_chances(ours, orchard(number)) == promo_chances(theirs, orchard(number))).all()
        assert (promo_chances(ours, orchard(number)) == promo_chances(adapted(), orchard(number))).all()
    assert theirs.get_params() == start().get_params()


def test_says_that_it_was_adapted_and_to_how_much() -> None:
    model = adapted().model_
    assert model.name == start().model_.name + "+adapted"
    assert model.config["adapted"] == {"documents": 2, "blocks": 8, "promo_blocks": 4}


def test_can_be_adapted_again() -> None:
    again = adapted().adapt([orchard(2)], [LABELS])
    assert is_promo(again, orchard(3)) == PROMO


@pytest.mark.parametrize("label", ["promo", "promo:donate", "editorial", "other", "not_promo"])
def test_one_labelled_block_of_a_page_is_enough_to_learn_something(label: str) -> None:
    page = orchard(0)
    labelled = start().adapt([page], [[None, None, None, None, label, None]])
    before, after = promo_chances(start(), page)[4], promo_chances(labelled, page)[4]
    assert after > before if label.startswith("promo") else after < before


def test_learns_from_single_blocks_where_nothing_shows_what_is_common() -> None:
    text = parse_text("Ask the steward how")
    kept = start().adapt([text], [["editorial"]])
    assert promo_chances(kept, text)[0] < promo_chances(start(), text)[0]


@pytest.mark.parametrize("labels", [[None] * 6, ["any"] * 6])
def test_no_labelled_block_is_an_error(labels: list[str | None]) -> None:
    with pytest.raises(ValueError, match="at least one labelled block"):
        start().adapt([orchard(0)], [labels])


def test_no_documents_are_an_error() -> None:
    with pytest.raises(ValueError, match="at least one labelled block"):
        start().adapt([], [])


def test_lengths_that_do_not_agree_are_an_error() -> None:
    with pytest.raises(ValueError, match="2 documents but labels for 1"):
        start().adapt([orchard(0), orchard(1)], [LABELS])
    with pytest.raises(ValueError, match="document 0 has 6 blocks but 2 labels"):
        start().adapt([orchard(0)], [["promo", None]])


def test_a_label_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="no such label: 'advert'"):
        start().adapt([orchard(0)], [["advert", *LABELS[1:]]])


def test_a_model_that_has_learned_nothing_cannot_be_adapted() -> None:
    with pytest.raises(NotFittedError):
        tiny.small().adapt([orchard(0)], [LABELS])


# -- the measurement -----------------------------------------------------------------------------------------------------


def labelled(number: int) -> LabelledPage:
    """A page of the publisher as the training reads it, each block of ours a block of gold."""
    document = orchard(number)
    labels = [label or "other" for label in LABELS]
    gold = [
        GoldBlock(block.text, label, None, {block.index: len(block.text)})
        for block, label in zip(document.blocks, labels, strict=True)
    ]
    kinds: list[str | None] = [None] * len(labels)
    return LabelledPage(f"{number}", "own", "orchard", "en", "article", True, True, document, labels, kinds, gold)


def test_counts_leaks_of_texts_that_were_not_labelled_and_words_that_are_lost() -> None:
    page = labelled(0)
    nothing, everything = np.zeros(6, bool), np.ones(6, bool)
    words = [14, 3]  # of the two sentences; of the menu and the footer
    assert sum_counts([(page, nothing)]).tolist() == [[2, 0, 0], [2, *words]]
    assert sum_counts([(page, everything)]).tolist() == [[0, *words], [2, *words]]
    assert sum_counts([(page, nothing)] * 2, {"ask the steward how"}).tolist() == [[2, 0, 0], [2, *(2 * n for n in words)]]


def test_a_user_labels_the_errors_first_and_never_more_than_twenty_blocks() -> None:
    own = {number: labelled(number) for number in range(4)}
    decided = {number: np.array([False, False, number == 0, False, False, True]) for number in own}
    drawn = draw(own, decided, seed=0)
    given = [label for row in drawn.labels for label in row]
    assert len(drawn.pages) == 3
    assert 10 <= sum(label is not None for label in given) <= LABELLED
    assert drawn.leaks == 6 - (0 in drawn.pages)  # every leaked promo of the three pages
    assert all(own[page].document.blocks[4].text.casefold() in drawn.promos for page in drawn.pages)
