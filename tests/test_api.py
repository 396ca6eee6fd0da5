"""The calls that people make: classify, keep or drop, render, clean, explain."""

from __future__ import annotations

import json
import os
import pickle
import warnings
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import documents, fitted, page

from paywallclf import (
    Document,
    ModelError,
    PaywallClassifier,
    PaywallWarning,
    classify_html,
    classify_text,
    clean_html,
    clean_many,
    clean_text,
    explain,
    load_model,
    parse_html,
    parse_text,
    render,
)
from paywallclf.document import KINDS, LABELS

OWN_PAGES = sorted((Path(__file__).parents[1] / "datasets" / "pages").glob("*.html"))
SOURCES = [document.source for document in documents()[0]]
PAGE, TEXT = SOURCES[0], SOURCES[2]


@pytest.fixture(scope="module")
def model() -> PaywallClassifier:
    return fitted()


def classified(source: str, model: Any, **options: Any) -> Document:
    return (classify_html if source.lstrip().startswith("<") else classify_text)(source, model=model, **options)


def cleaned(source: str, model: Any, **options: Any) -> str:
    return (clean_html if source.lstrip().startswith("<") else clean_text)(source, model=model, **options)


# -- documents -----------------------------------------------------------------------------------------------------------


def test_a_classified_document_has_everything_the_contract_names(model: PaywallClassifier) -> None:
    document = classify_html(page("site", ["Rain is expected."], ["Subscribe now"]), model=model)
    assert document.model == model.model_.name
    for index, block in enumerate(document.blocks):
        assert block.index == index
        assert block.label in LABELS
        assert set(block.probabilities) == set(LABELS)
        assert set(block.kinds) == set(KINDS)
        assert (block.kind is not None) == (block.label == "promo")


def test_parsing_labels_nothing() -> None:
    for document in (parse_html(PAGE), parse_text(TEXT)):
        assert document.model is None
        assert all(block.label is None and not block.probabilities for block in document.blocks)
        for method in (document.kept, document.dropped):
            with pytest.raises(ValueError, match="no labels yet: make it with classify_html or classify_text"):
                method()


@pytest.mark.parametrize("source", [PAGE, TEXT])
def test_documents_can_be_compared_pickled_and_not_changed(source: str, model: PaywallClassifier) -> None:
    document = classified(source, model)
    assert document == classified(source, model)
    assert document != classified(source + "\n\nMore.", model)
    copy = pickle.loads(pickle.dumps(document))
    assert copy == document
    assert render(copy, threshold=0.5) == render(document, threshold=0.5)
    with pytest.raises(FrozenInstanceError):
        document.blocks[0].label = "promo"  # type: ignore[misc]


def test_a_text_bytes_and_a_soup_of_a_page_are_classified_alike(model: PaywallClassifier) -> None:
    as_text, as_bytes, as_soup = (
        [(block.text, block.label) for block in classify_html(source, model=model).blocks]
        for source in (PAGE, PAGE.encode(), BeautifulSoup(PAGE, "html5lib"))
    )
    assert as_text == as_bytes == as_soup


def test_takes_a_classifier_a_loaded_model_and_a_folder(tmp_path: Path, model: PaywallClassifier) -> None:
    model.save(tmp_path / "model")
    for same in (model.model_, tmp_path / "model", str(tmp_path / "model"), PaywallClassifier.load(tmp_path / "model")):
        assert classify_html(PAGE, model=same).blocks == classify_html(PAGE, model=model).blocks


# -- the decision --------------------------------------------------------------------------------------------------------


def test_kept_and_dropped_part_the_blocks(model: PaywallClassifier) -> None:
    document = classify_html(PAGE, model=model)
    kept, dropped = document.kept(threshold=0.3), document.dropped(threshold=0.3)
    assert sorted(block.index for block in [*kept, *dropped]) == list(range(len(document.blocks)))
    assert all(block.probabilities["promo"] >= 0.3 for block in dropped)
    assert all(block.probabilities["promo"] < 0.3 for block in kept)


def test_the_label_is_what_the_default_rule_drops(model: PaywallClassifier) -> None:
    for source in SOURCES:
        document = classified(source, model)
        assert document.dropped() == [block for block in document.blocks if block.label == "promo"]


def test_several_labels_add_up(model: PaywallClassifier) -> None:
    document = classify_html(PAGE, model=model)
    for block in document.blocks:
        assert block.probability(("promo", "other")) == pytest.approx(1 - block.probabilities["editorial"])
        assert block.probability(LABELS) == pytest.approx(1)


def test_kinds_narrow_promo_down(model: PaywallClassifier) -> None:
    document = classify_html(PAGE, model=model, threshold=0.1)
    for block in document.blocks:
        assert block.probability(kinds=KINDS) == pytest.approx(block.probabilities["promo"])
        assert block.probability(kinds=["subscribe"]) == pytest.approx(block.probabilities["promo"] * block.kinds["subscribe"])
    some = {block.index for block in document.dropped(kinds=["subscribe"])}
    assert some <= {block.index for block in document.dropped()}


decisions = st.fixed_dictionaries(
    {
        "drop": st.lists(st.sampled_from(LABELS), min_size=1, max_size=3, unique=True),
        "kinds": st.none() | st.lists(st.sampled_from(KINDS), min_size=1, unique=True),
        "threshold": st.none() | st.floats(0, 1),
    }
)


@pytest.mark.filterwarnings("ignore::paywallclf.PaywallWarning")
@settings(deadline=None, max_examples=60)
@given(source=st.sampled_from(SOURCES), decision=decisions)
def test_cleaning_is_classifying_and_rendering(source: str, decision: dict[str, Any]) -> None:
    assert cleaned(source, fitted(), **decision) == render(classified(source, fitted()), **decision)


@pytest.mark.filterwarnings("ignore::paywallclf.PaywallWarning")
@settings(deadline=None, max_examples=60)
@given(source=st.sampled_from(SOURCES), decision=decisions, data=st.data())
def test_a_threshold_that_a_block_just_reaches_drops_it_both_ways(
    source: str, decision: dict[str, Any], data: st.DataObject
) -> None:
    document = classified(source, fitted())
    block = data.draw(st.sampled_from(document.blocks))
    decision["threshold"] = min(1.0, block.probability(decision["drop"], decision["kinds"]))
    assert block in document.dropped(**decision)
    assert cleaned(source, fitted(), **decision) == render(document, **decision)


@pytest.mark.filterwarnings("ignore::paywallclf.PaywallWarning")
@pytest.mark.parametrize("path", OWN_PAGES[::6], ids=lambda path: path.stem)
def test_cleaning_a_real_page_is_classifying_and_rendering(path: Path) -> None:
    html = path.read_text(encoding="utf-8")
    document = classify_html(html)
    for options in ({}, {"drop": ("promo", "other")}, {"kinds": ("newsletter", "follow")}):
        assert clean_html(html, **options) == render(document, **options)


def test_a_small_page_keeps_its_sentence_between_a_sign_up_box_and_an_offer() -> None:
    """Nine blocks: hardly anything stands around them, and the threshold of pages of hundreds would take the sentence."""
    sentence = "Work begins in March, and the fish market will move to the old station until the autumn."
    html = f"""<body><nav><a href="/">Home</a></nav><article><h1>Harbour wall to be raised by a metre</h1>
    <p>The harbour board voted on Tuesday to raise the eastern wall after two winters of flooding in the lower town.</p>
    <div class="nl-box"><h3>Get the morning briefing</h3><p>Sign up for our free newsletter and wake up to the news.</p>
    <form><input type="email" placeholder="Your email"><button>Sign up</button></form></div>
    <p>{sentence}</p>
    <p>Residents who cancelled their newspaper subscription told the board that they had not heard of the plan.</p></article>
    <aside class="offer"><p>Support local journalism: subscribe from 2 pounds a week. Cancel any time.</p></aside></body>"""
    document = classify_html(html)
    kept = [block.text for block in document.kept()]
    assert len(document.blocks) == 9
    assert sentence in kept
    assert [block.tag for block in document.dropped()] == ["h3", "p", "button", "p"]


@pytest.mark.filterwarnings("ignore::paywallclf.PaywallWarning")
@pytest.mark.parametrize("source", [PAGE, TEXT])
def test_threshold_zero_drops_all_text_and_one_none(source: str, model: PaywallClassifier) -> None:
    assert cleaned(source, model, threshold=1.0) == source
    everything = cleaned(source, model, threshold=0.0)
    assert not (parse_html(everything) if source == PAGE else parse_text(everything)).blocks


def test_labels_can_be_one_name(model: PaywallClassifier) -> None:
    assert clean_html(PAGE, drop="promo", threshold=0.5, model=model) == clean_html(PAGE, threshold=0.5, model=model)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": ("advert",)}, "drop='advert': expected some of editorial, promo, other"),
        ({"kinds": ("gift",)}, "kinds='gift': expected some of paywall"),
        ({"threshold": 1.5}, "between 0 and 1"),
        ({"threshold": float("nan")}, "between 0 and 1"),
    ],
)
def test_names_what_is_wrong_with_a_decision(options: dict[str, Any], message: str, model: PaywallClassifier) -> None:
    document = classify_html(PAGE, model=model)
    for call in (
        lambda: clean_html(PAGE, model=model, **options),
        lambda: clean_text(TEXT, model=model, **options),
        lambda: clean_many([], model=model, **options),
        lambda: render(document, **options),
        lambda: document.kept(**options),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("thing", [None, 7, ["<p>"], Path("page.html")])
def test_names_the_types_it_takes(thing: Any, model: PaywallClassifier) -> None:
    for call in (clean_html, classify_html, parse_html):
        with pytest.raises(TypeError, match="must be str, bytes, BeautifulSoup or Tag"):
            call(thing)
    for call in (clean_text, classify_text, parse_text):
        with pytest.raises(TypeError, match="must be str"):
            call(thing)
    with pytest.raises(TypeError, match="decode bytes first"):
        clean_text(b"bytes")
    with pytest.raises(TypeError, match="a fitted PaywallClassifier"):
        clean_html(PAGE, model=PaywallClassifier())


# -- render --------------------------------------------------------------------------------------------------------------


def test_marks_what_it_would_drop(model: PaywallClassifier) -> None:
    likeliest = max(block.probabilities["promo"] for block in classify_html(PAGE, model=model).blocks)
    document = classify_html(PAGE, model=model, threshold=likeliest)
    marked = render(document, mark=True)
    assert [block.text for block in parse_html(marked).blocks] == [block.text for block in document.blocks]
    found = BeautifulSoup(marked, "html.parser").select("[data-paywallclf=promo]")
    assert " ".join(element.get_text(" ") for element in found) == " ".join(block.text for block in document.dropped())
    assert found


def test_renders_a_soup_as_a_new_soup(model: PaywallClassifier) -> None:
    soup = BeautifulSoup(PAGE, "html.parser")
    before = str(soup)
    for rendered in (
        render(classify_html(soup, model=model), threshold=0.3),
        clean_html(soup, threshold=0.3, model=model),
        clean_html(soup, threshold=1.0, model=model),
    ):
        assert isinstance(rendered, BeautifulSoup)
        assert rendered is not soup
    assert str(soup) == before


def test_refuses_to_render_what_it_cannot(model: PaywallClassifier) -> None:
    with pytest.raises(ValueError, match="form must be None or 'text', not 'markdown'"):
        render(classify_html(PAGE, model=model), form="markdown")
    with pytest.raises(ValueError, match="mark needs HTML"):
        render(classify_text(TEXT, model=model), mark=True)
    with pytest.raises(ValueError, match="no labels yet"):
        render(parse_html(PAGE))


# -- warnings ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [PAGE, TEXT])
def test_warns_when_nearly_all_text_goes(source: str, model: PaywallClassifier) -> None:
    with pytest.warns(PaywallWarning, match="nearly all") as caught:
        cleaned(source, model, threshold=0.0)
    assert caught[0].filename == __file__  # the caller's line, not ours
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cleaned(source, model, threshold=1.0)
        clean_html("", model=model)


# -- explain -------------------------------------------------------------------------------------------------------------


def test_explains_a_block_by_its_own_text_and_elements(model: PaywallClassifier) -> None:
    document = classify_html(PAGE, model=model)
    index = next(block.index for block in document.blocks if block.text.startswith("Subscribe"))
    reasons = explain(document, index, model=model, most=1000)
    text = f"|{document.blocks[index].text.lower()}|"
    assert reasons.ngrams
    assert all(ngram in text or ngram in text.replace(",", "") for ngram, _ in reasons.ngrams)
    tokens = " ".join(token for token, _ in reasons.markup)
    assert "own =offer" in tokens  # its own class and the aside's
    assert "=menu" not in tokens  # the navigation's


def test_explanations_are_the_strongest_first(model: PaywallClassifier) -> None:
    reasons = explain(classify_html(PAGE, model=model), 0, model=model, most=5)
    for found in (reasons.ngrams, reasons.markup):
        strengths = [abs(weight) for _, weight in found]
        assert len(found) <= 5
        assert strengths == sorted(strengths, reverse=True)


def test_an_explanation_follows_the_score(model: PaywallClassifier) -> None:
    document = classify_html(PAGE, model=model)
    chances = [block.probabilities["promo"] for block in document.blocks]
    log_odds = [explain(document, block.index, model=model).log_odds for block in document.blocks]
    assert sorted(range(len(chances)), key=chances.__getitem__) == sorted(range(len(chances)), key=log_odds.__getitem__)


def test_explains_plain_text_without_markup(model: PaywallClassifier) -> None:
    reasons = explain(classify_text(TEXT, model=model), 0, model=model)
    assert reasons.ngrams
    assert not reasons.markup
    assert {"text", "neighbours", "page"} <= set(reasons.groups)


@pytest.mark.parametrize("index", [-1, 7, 1000])
def test_an_explanation_needs_a_block_that_is_there(index: int, model: PaywallClassifier) -> None:
    with pytest.raises(IndexError, match=f"has 7 blocks, none with index {index}"):
        explain(classify_html(PAGE, model=model), index, model=model)


@pytest.mark.parametrize(("document", "index"), [(PAGE, 0), (parse_text(TEXT), 0.5), (parse_text(TEXT), "0")])
def test_an_explanation_needs_a_document_and_a_number(document: Any, index: Any, model: PaywallClassifier) -> None:
    with pytest.raises(TypeError):
        explain(document, index, model=model)


# -- bad input -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call", [clean_html, classify_html, parse_html, clean_text, classify_text, parse_text], ids=lambda call: call.__name__
)
@settings(deadline=None)
@given(source=st.text(st.characters(), max_size=80))
def test_takes_any_text(call: Callable[..., Any], source: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PaywallWarning)
        call(source) if call in (parse_html, parse_text) else call(source, model=fitted())


# -- nothing named, nothing dropped; warnings; models written anew -------------------------------------------------------


@pytest.mark.parametrize("decision", [{"drop": ()}, {"kinds": ()}])
def test_what_names_nothing_drops_nothing(model: PaywallClassifier, decision: dict[str, Any]) -> None:
    assert clean_html(PAGE, model=model, threshold=0.0, **decision) == PAGE
    assert classify_html(PAGE, model=model).dropped(threshold=0.0, **decision) == []


def test_render_warns_where_nearly_all_goes(model: PaywallClassifier) -> None:
    document = classify_html(PAGE, model=model)
    with pytest.warns(PaywallWarning, match="nearly all"):
        render(document, threshold=0.0)


def test_a_model_saved_anew_is_loaded_anew(tmp_path: Path, model: PaywallClassifier) -> None:
    model.save(tmp_path)
    before = load_model(tmp_path)
    assert load_model(tmp_path) is before
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "version": "2"}))
    assert load_model(tmp_path).config["version"] == "2"


def test_a_path_that_cannot_be_is_no_model() -> None:
    with pytest.raises(ModelError, match="no model"):
        load_model("a\0b")


def test_a_relative_path_is_read_from_where_one_stands(
    tmp_path: Path, model: PaywallClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, version in (("one", "1"), ("other", "2")):
        (tmp_path / name).mkdir()
        model.save(tmp_path / name / "model")
        config = tmp_path / name / "model" / "config.json"
        config.write_text(json.dumps({**json.loads(config.read_text()), "version": version}))
        os.utime(config, (0, 0))  # the time that it was written tells nothing
        monkeypatch.chdir(tmp_path / name)
        assert load_model("model").config["version"] == version
