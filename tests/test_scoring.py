"""The learned arrays applied with NumPy say what the scikit-learn estimators say that they were taken from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier
from tiny import documents, fitted, page

from paywallclf import Document, PaywallClassifier, classify_html, parse_html, parse_text, scoring
from paywallclf.classifier import decide
from paywallclf.document import KINDS, Layout
from paywallclf.ensemble import mix_trees, probability
from paywallclf.features import context, markup, ngrams
from paywallclf.fitting import as_table, loss_threshold, near_matrix, part_of, trees_of


def sparse(pairs: list[tuple[np.ndarray, np.ndarray]], n_rows: int, width: int) -> Any:
    """Features as scikit-learn takes them: for each (rows, columns), a feature's value is 1 by the root of the row's number."""
    total = scipy.sparse.csr_matrix((n_rows, width))
    for rows, columns in pairs:
        values = 1 / np.sqrt(np.bincount(rows, minlength=n_rows)[rows])
        total = total + scipy.sparse.csr_matrix((values, (rows, columns)), shape=(n_rows, width))
    return total


def markup_matrix(layout: Layout, bits: int) -> Any:
    """The tokens of each block's elements, pair by pair; a set of columns for each level."""
    tokens, counts = markup.hash_markup(layout, bits)
    of_element = np.split(tokens, np.cumsum(counts)[:-1])
    levels = []
    for blocks, elements in markup.standing(layout):
        found = [(block, of_element[element]) for block, element in zip(blocks, elements, strict=True)]
        rows = np.concatenate([np.zeros(0, int), *(np.full(len(part), block) for block, part in found)])
        columns = np.concatenate([np.zeros(0, int), *(part for _, part in found)])
        levels.append(sparse([(rows, columns)], len(layout.texts), 1 << bits))
    return scipy.sparse.hstack(levels, format="csr")


def scikit_learn_probabilities(classifier: PaywallClassifier, document: Document) -> np.ndarray:
    """Probabilities of editorial, promo and other, by scikit-learn's own methods, from the two stages' features."""
    layout = scoring.as_form(document.layout)
    form = "html" if layout.tags else "text"
    arrays, estimators, n = classifier.model_.arrays, classifier.estimators_, len(layout.texts)

    columns, counts = ngrams.hash_texts(layout.texts, classifier.text_bits)
    text = sparse([(np.repeat(np.arange(n), counts), columns)], n, 1 << classifier.text_bits)
    first = [estimator.decision_function(text) for estimator in estimators["text"]]
    if form == "html":
        first += [
            estimator.decision_function(markup_matrix(layout, classifier.markup_bits)) for estimator in estimators["markup"]
        ]
    else:
        first += [np.zeros(n)] * len(estimators["markup"])
    features = scoring.second_stage_features(arrays, layout, np.stack(first, axis=1).astype(np.float32))

    chances = {}
    for head in scoring.HEADS:
        log_odds = []
        *networks, trees = estimators[f"{form}_{head}"]
        for scaler, network in networks:
            standard = np.clip(scaler.transform(features), -scoring.CLIP, scoring.CLIP)
            chance = network.predict_proba(standard)[:, 1]
            log_odds.append(np.log(chance / (1 - chance)))
        mean = np.mean(log_odds, axis=0)
        if not isinstance(trees, float):
            weighted = (1 - scoring.TREES_WEIGHT) * mean + scoring.TREES_WEIGHT * trees.decision_function(features)
            mean = np.where(mean > scoring.DOUBT, weighted, mean)
        slope, intercept = arrays[f"{form}_{head}_calibration"]
        chances[head] = 1 / (1 + np.exp(-(slope * mean + intercept)))
    promo, editorial = chances["promo"], chances["editorial"]
    return np.stack([(1 - promo) * editorial, promo, (1 - promo) * (1 - editorial)], axis=1)


def test_boosted_trees_say_what_scikit_learn_says() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(2000, 6)).astype(np.float32)
    features[:, 5] = features[:, 5].round()  # values that thresholds fall between, and others that are equal
    target = features[:, 0] * features[:, 1] + features[:, 5] > 0.5
    estimator = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=9, random_state=0).fit(
        features[:1500], target[:1500]
    )
    log_odds = np.linspace(-4, 4, len(features))
    doubtful, mixed = log_odds > -2, log_odds.copy()
    mix_trees(*trees_of(estimator), features, mixed, -2, 0.75)
    boosted = estimator.decision_function(features[doubtful])
    np.testing.assert_allclose(mixed[doubtful], 0.25 * log_odds[doubtful] + 0.75 * boosted, atol=1e-5)
    np.testing.assert_array_equal(mixed[~doubtful], log_odds[~doubtful])
    assert boosted.std() > 1


def test_without_trees_the_networks_have_the_last_word() -> None:
    log_odds = np.array([-3.0, 2.0])
    mix_trees(np.zeros((0, 2, 1), np.int32), np.zeros((0, 1), np.float32), np.ones((2, 2), np.float32), log_odds, -9, 0.65)
    assert log_odds.tolist() == [-3, 2]


def test_a_probability_is_one_of_any_log_odds() -> None:
    chances = probability(np.array([-np.inf, -800, -2, 0, 2, 800, np.inf]))
    np.testing.assert_allclose(chances, [0, 0, 1 / (1 + np.e**2), 0.5, 1 / (1 + np.e**-2), 1, 1], rtol=1e-12)


@pytest.mark.parametrize(
    ("node", "feature", "child"),
    [(0, 2, 1), (0, -1, 1), (1, 0, 1), (2, 0, 2), (0, 0, 2), (0, 0, -1), (0, 0, 1 << 30), (2, 0, 1), (1, 2, 0), (2, -1, 0)],
)
def test_refuses_trees_that_lead_nowhere_or_round_in_circles(node: int, feature: int, child: int) -> None:
    nodes = np.zeros((2, 2, 3), np.int32)
    nodes[1, :, 0] = 0, 1
    mix_trees(nodes, np.ones((2, 3), np.float32), np.ones((2, 2), np.float32), np.zeros(2), -1, 1)
    nodes[1, :, node] = feature, child
    with pytest.raises(ValueError, match="a node of tree 1"):
        mix_trees(nodes, np.ones((2, 3), np.float32), np.ones((2, 2), np.float32), np.zeros(2), -1, 1)


@pytest.mark.parametrize(
    ("nodes", "values", "rows"),
    [((1, 3, 3), (1, 3), 2), ((1, 2, 3), (1, 2), 2), ((1, 2, 3), (2, 3), 2), ((1, 2, 0), (1, 0), 2), ((1, 2, 3), (1, 3), 1)],
)
def test_refuses_trees_whose_arrays_do_not_agree(nodes: tuple[int, ...], values: tuple[int, ...], rows: int) -> None:
    with pytest.raises(ValueError, match="do not agree"):
        mix_trees(np.zeros(nodes, np.int32), np.zeros(values, np.float32), np.ones((2, 2), np.float32), np.zeros(rows), -1, 1)


def test_a_fragment_keeps_its_blocks_their_elements_and_nothing_else() -> None:
    html = "<main class=a><h1>Rain</h1><div id=b><p>One <a href=/x>link</a><input></p><p>Two</p></div><aside><p>Join</p></aside></main>"
    whole = parse_html(html).layout
    part = part_of(whole, np.array([1, 3]))
    assert part.texts == ["One link", "Join"]
    assert [part.path(element) for element in part.containers] == ["main/div/p", "main/aside/p"]
    assert [part.tags[element] for element in part.inlines] == ["a", "input"]
    assert [(part.starts[e], part.ends[e]) for e in range(len(part.tags)) if part.tags[e] in ("main", "aside")] == [
        (0, 2),
        (1, 2),
    ]
    assert scoring.first_stage(fitted().model_.arrays, part).shape == (2, len(context.SCORES))


def test_near_a_block_stands_the_largest_element_of_at_most_so_many_blocks_or_those_around() -> None:
    few, many = "<p>Rain</p>" * (scoring.NEAR - 3), "<p>Rain</p>" * 2
    section, aside = f"<form class=b><p>One</p><p>Two</p></form>{few}", f"<p>Join</p>{many}"
    html = f"<main class=a><section class=c>{section}</section><aside class=d>{aside}</aside></main>"
    low, high = scoring.near_spans(parse_html(html).layout)
    end, n = scoring.NEAR - 1, scoring.NEAR + 2
    assert [*zip(low.tolist(), high.tolist(), strict=True)] == [(0, end)] * end + [(end, n)] * (n - end)
    alone = [(0, 4), (0, 5), (0, 6), *((i, i + 7) for i in range(n - 6)), (n - 6, n), (n - 5, n), (n - 4, n)]
    low, high = scoring.near_spans(parse_html(f"<main class=a>{'<p class=e>Rain</p>' * n}</main>").layout)
    assert [*zip(low.tolist(), high.tolist(), strict=True)] == alone
    low, high = scoring.near_spans(Layout.of_text(["a", "b", "c", "d", "e", "f"]))
    assert [*zip(low.tolist(), high.tolist(), strict=True)] == [(0, 4), (0, 5), (0, 6), (0, 6), (1, 6), (2, 6)]


@pytest.mark.parametrize("index", range(12))
def test_what_stands_near_is_summed_as_the_fit_sums_it(index: int) -> None:
    layout = scoring.as_form(documents()[0][index].layout)
    random = np.random.default_rng(index)
    values, promo = random.normal(size=(len(layout.texts), 3)).astype(np.float32), random.random(len(layout.texts))
    np.testing.assert_allclose(near_matrix(layout, promo) @ values, scoring.near_sums(values, promo, layout), atol=1e-6)


def test_a_button_is_of_the_kind_of_the_promo_that_it_stands_in() -> None:
    """The same words in a box about a newsletter and in one about a donation."""
    boxes = {
        "newsletter": "<h3>The week in your inbox</h3><p>Every Friday our editors send you the five stories to read.</p>"
        "<label>Your e-mail address</label>",
        "donate": "<h3>Our reporting is free because readers give</h3><p>A gift of any size keeps our newsroom independent.</p>"
        "<label>Amount</label>",
    }
    for kind, box in boxes.items():
        page = f"<main><h1>Ferry late again</h1><p>{'The ferry left two hours late on Monday. ' * 9}</p><div class=box>{box}"
        blocks = classify_html(f"{page}<button>Continue</button></div></main>").blocks
        assert max(blocks[-1].kinds, key=blocks[-1].kinds.__getitem__) == kind


def unrounded(classifier: PaywallClassifier) -> PaywallClassifier:
    """The classifier with the tables as scikit-learn learned them: it rounds them to half precision, 11 bits, to be small."""
    exact = PaywallClassifier(**classifier.get_params())
    tables = {
        f"{family}_table": as_table(
            np.stack([estimator.coef_[0] for estimator in classifier.estimators_[family]], axis=1), bits
        )
        for family, bits in (("text", classifier.text_bits), ("markup", classifier.markup_bits))
    }
    exact.model_ = replace(classifier.model_, arrays={**classifier.model_.arrays, **tables})
    exact.estimators_ = classifier.estimators_
    return exact


@pytest.mark.parametrize("index", range(12))
def test_numpy_gives_what_scikit_learn_gives(index: int) -> None:
    """To 1e-4: what single precision leaves of two stages; with half-precision tables they differ by less than 1 %."""
    document = documents()[0][index]
    expected = scikit_learn_probabilities(fitted(), document)
    np.testing.assert_allclose(unrounded(fitted()).predict_proba([document])[0], expected, atol=1e-4)
    np.testing.assert_allclose(fitted().predict_proba([document])[0], expected, atol=1e-2)


def test_numpy_gives_what_scikit_learn_gives_on_pages_it_has_not_seen() -> None:
    html = page("unseen", ["Ein neuer Satz über den Hafen.", "Ещё одно предложение."], ["Join today", "Abonnez-vous"])
    for document in (parse_html(html), parse_text("A new sentence.\n\nSubscribe to the ferry."), parse_text("x")):
        expected = scikit_learn_probabilities(fitted(), document)
        np.testing.assert_allclose(unrounded(fitted()).predict_proba([document])[0], expected, atol=1e-4)


@pytest.mark.parametrize("index", range(12))
def test_numpy_gives_the_kinds_that_scikit_learn_gives(index: int) -> None:
    layout = scoring.as_form(documents()[0][index].layout)
    arrays, (estimator,) = fitted().model_.arrays, fitted().estimators_["kind"]
    scores = scoring.score(arrays, layout, kinds=True)
    features = scoring.kind_features(scoring.kind_first_stage(arrays, layout, scores.promo), scores.promo, layout)
    expected = np.zeros((len(layout.texts), len(KINDS)))
    expected[:, estimator.classes_] = estimator.predict_proba(features)
    np.testing.assert_allclose(scores.kinds, expected, atol=1e-3)  # kinds that were never seen get what is next to nothing


# -- scores of any page --------------------------------------------------------------------------------------------------

odd_texts = st.lists(st.text(st.characters(), max_size=30), max_size=8)


@given(texts=odd_texts, wrap=st.sampled_from(["<p>{}</p>", '<div class="a"><b id="c">{}</b></div>', "{}<br><br>", "<li>{}"]))
def test_any_page_gets_probabilities(texts: list[str], wrap: str) -> None:
    document = classify_html("".join(map(wrap.format, texts)), model=fitted())
    for block in document.blocks:
        for chances in (block.probabilities, block.kinds):
            assert sum(chances.values()) == pytest.approx(1)
            assert all(0 <= chance <= 1 for chance in chances.values())


@pytest.mark.parametrize("html", ["", " \n ", "<p></p>", "<!-- nothing -->", "<img src=a.png>"])
def test_a_page_without_blocks_gets_none(html: str) -> None:
    assert fitted().predict_proba([parse_html(html)])[0].shape == (0, 3)


def test_kinds_of_a_promo_are_all_of_them() -> None:
    document = classify_html(page("a", ["Rain is expected."], ["Subscribe now"]), model=fitted(), threshold=0.0)
    for block in document.blocks:
        assert tuple(block.kinds) == KINDS
        assert block.kind == max(block.kinds, key=lambda kind: block.kinds[kind])


# -- the decision --------------------------------------------------------------------------------------------------------


def test_a_promo_begins_at_the_threshold() -> None:
    chances = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.6, 0.29, 0.11], [0.4, 0.2, 0.4]])
    assert decide(chances, 0.3).tolist() == ["promo", "promo", "editorial", "editorial"]
    assert decide(chances, 0.31).tolist() == ["editorial", "other", "editorial", "editorial"]


@given(
    blocks=st.lists(st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.integers(0, 30)), max_size=20),
    budget=st.floats(0, 1),
)
def test_the_threshold_keeps_within_its_budget_and_uses_it(blocks: list[tuple[float, int]], budget: float) -> None:
    chances = np.array([chance for chance, _ in blocks], float)
    words = np.array([n for _, n in blocks], float)
    threshold = loss_threshold(chances, words, budget)
    assert 0 <= threshold <= 1
    total = words.sum()
    if total == 0:
        assert threshold == 0.5
        return
    if threshold < 1 or not (chances == 1).any():  # a probability of 1 reaches every threshold
        assert words[chances >= threshold].sum() <= budget * total + 1e-9
    lower = chances[chances < threshold]
    if len(lower):
        assert words[chances >= lower.max()].sum() > budget * total - 1e-9
