"""PaywallClassifier keeps scikit-learn's contract, over documents."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.neural_network import MLPClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks
from tiny import SMALL, documents, fitted, small

from paywallclf import PaywallClassifier, parse_html, parse_text, scoring
from paywallclf.rows import BACKGROUND_PROMO, gather

NO_NUMBERS = "hands numbers over: the input is documents"
OURS = "hands numbers over; the same over documents: "

#: scikit-learn's checks that cannot be met, each with the reason. All the others must pass.
NOT_FOR_DOCUMENTS = {
    "check_array_api_input": NO_NUMBERS,
    "check_classifier_data_not_an_array": NO_NUMBERS,
    "check_classifiers_classes": NO_NUMBERS + ", and the classes are given, not learned",
    "check_classifiers_one_label": OURS + "test_refuses_labels_of_one_class",
    "check_classifiers_regression_target": NO_NUMBERS + "; a number as a label: test_names_what_is_wrong_with_labels",
    "check_classifiers_train": NO_NUMBERS + "; wrong lengths: test_names_what_is_wrong_with_labels",
    "check_complex_data": NO_NUMBERS,
    "check_dict_unchanged": OURS + "test_predicting_changes_nothing",
    "check_dont_overwrite_parameters": OURS + "test_fit_adds_only_names_that_end_in_an_underscore",
    "check_dtype_object": NO_NUMBERS,
    "check_estimator_sparse_array": NO_NUMBERS,
    "check_estimator_sparse_matrix": NO_NUMBERS,
    "check_estimator_sparse_tag": NO_NUMBERS,
    "check_estimators_dtypes": NO_NUMBERS,
    "check_estimators_empty_data_messages": OURS + "test_names_what_is_wrong_with_labels",
    "check_estimators_fit_returns_self": OURS + "test_fit_returns_the_classifier_itself",
    "check_estimators_nan_inf": NO_NUMBERS,
    "check_estimators_overwrite_params": OURS + "test_fit_adds_only_names_that_end_in_an_underscore",
    "check_estimators_pickle": OURS + "test_survives_pickling",
    "check_f_contiguous_array_estimator": NO_NUMBERS,
    "check_fit1d": NO_NUMBERS + "; what is no document: test_refuses_what_is_no_document",
    "check_fit2d_1feature": NO_NUMBERS,
    "check_fit2d_1sample": NO_NUMBERS,
    "check_fit2d_predict1d": NO_NUMBERS,
    "check_fit_check_is_fitted": OURS + "test_knows_nothing_before_fit",
    "check_fit_idempotent": OURS + "test_the_same_data_gives_the_same_arrays",
    "check_fit_score_takes_y": NO_NUMBERS + "; fit and score take labels second: test_grid_search_finds_the_better_setting",
    "check_methods_sample_order_invariance": OURS + "test_a_document_is_scored_by_itself",
    "check_methods_subset_invariance": OURS + "test_a_document_is_scored_by_itself",
    "check_n_features_in": NO_NUMBERS + ": there is no n_features_in_",
    "check_n_features_in_after_fitting": NO_NUMBERS + ": there is no n_features_in_",
    "check_pipeline_consistency": NO_NUMBERS,
    "check_positive_only_tag_during_fit": NO_NUMBERS,
    "check_readonly_memmap_input": NO_NUMBERS,
    "check_requires_y_none": NO_NUMBERS,
    "check_supervised_y_2d": NO_NUMBERS + ": labels are a row for each document",
    "check_supervised_y_no_nan": OURS + "test_names_what_is_wrong_with_labels",
}


@parametrize_with_checks([PaywallClassifier()], expected_failed_checks=lambda _: NOT_FOR_DOCUMENTS)
def test_passes_scikit_learns_checks(estimator: PaywallClassifier, check: Callable[[Any], None]) -> None:
    check(estimator)


def arrays_of(classifier: PaywallClassifier) -> dict[str, np.ndarray]:
    return dict(classifier.model_.arrays)


def assert_equal_arrays(one: PaywallClassifier, other: PaywallClassifier) -> None:
    assert arrays_of(one).keys() == arrays_of(other).keys()
    for name, array in arrays_of(one).items():
        np.testing.assert_array_equal(array, arrays_of(other)[name], err_msg=name)
    assert one.model_.config["thresholds"] == other.model_.config["thresholds"]


# -- parameters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PaywallClassifier().get_params())
def test_stores_constructor_arguments_untouched(name: str) -> None:
    value = object()
    assert getattr(PaywallClassifier(**{name: value}), name) is value


def test_get_params_and_set_params_agree() -> None:
    classifier = PaywallClassifier().set_params(**SMALL)
    assert SMALL.items() <= classifier.get_params().items()
    with pytest.raises(ValueError, match="Invalid parameter 'no_such_thing'"):
        classifier.set_params(no_such_thing=1)


def test_a_clone_has_the_parameters_and_nothing_learned() -> None:
    copy = clone(fitted())
    assert copy.get_params() == fitted().get_params()
    assert not [name for name in vars(copy) if name.endswith("_")]


# -- fit -----------------------------------------------------------------------------------------------------------------


def test_fit_returns_the_classifier_itself() -> None:
    classifier = small()
    assert classifier.fit(*documents()) is classifier


def test_fit_adds_only_names_that_end_in_an_underscore() -> None:
    parameters = fitted().get_params()
    assert parameters == small().get_params()
    assert all(name.endswith("_") for name in vars(fitted()).keys() - parameters.keys())


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_the_same_data_gives_the_same_arrays(n_jobs: int | None) -> None:
    assert_equal_arrays(small(n_jobs=n_jobs).fit(*documents()), fitted())


def test_a_second_fit_forgets_the_first() -> None:
    pages, labels, groups = documents()
    classifier = small().fit(pages[:6], labels[:6], groups[:6])
    assert_equal_arrays(classifier.fit(pages, labels, groups), fitted())


def test_another_seed_gives_another_model() -> None:
    other = small(random_state=1).fit(*documents())
    assert any(not np.array_equal(array, arrays_of(other)[name]) for name, array in arrays_of(fitted()).items())


@pytest.mark.parametrize("groups", ["abab", "aabb", "abba"])
def test_never_splits_a_group(groups: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Document i has 2**i promo and 2**i editorial blocks, so that the number of rows tells which documents were fitted to."""
    sizes = [1, 2, 4, 8]
    seen: set[int] = set()
    for estimator in (SGDClassifier, MLPClassifier, LogisticRegression):

        def spy(self: Any, X: Any, *rest: Any, original: Any = estimator.fit, **named: Any) -> Any:
            seen.add(X.shape[0])
            return original(self, X, *rest, **named)

        monkeypatch.setattr(estimator, "fit", spy)
    monkeypatch.setattr("paywallclf.classifier.fragment_of", lambda *_: np.zeros(0, int))  # no fragments: their sizes are drawn
    pages = [
        parse_text("\n\n".join([f"The council met in hall {i}." for i in range(n)] + [f"Subscribe to {i}." for i in range(n)]))
        for n in sizes
    ]
    labels = [["editorial"] * n + ["promo:subscribe"] * n for n in sizes]

    small().fit(pages, labels, list(groups))

    of_a = sum(size for size, group in zip(sizes, groups, strict=True) if group == "a")
    whole_groups = {of_a, sum(sizes) - of_a, sum(sizes)}
    subsets = {sum(chosen) for k in range(1, 5) for chosen in combinations(sizes, k)}
    of_whole_groups = {rows * n for rows in whole_groups for n in (1, 2)}  # once or twice the size: one label or both
    split = {rows * n for rows in subsets - whole_groups for n in (1, 2)} - of_whole_groups
    assert {2 * rows for rows in whole_groups} <= seen  # both folds, and everything
    assert split
    assert not seen & split


def test_takes_groups_by_metadata_routing() -> None:
    pages, labels, groups = documents()
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(small().set_fit_request(groups=True), {"alpha": [1e-6]}, cv=GroupKFold(2))
        best = search.fit(pages, labels, groups=groups).best_estimator_
    assert best.model_.config["groups"] == 4


def test_one_group_is_enough() -> None:
    pages, labels, _ = documents()
    classifier = small().fit(pages, labels, ["one"] * len(pages))
    assert all(np.isfinite(chances).all() for chances in classifier.predict_proba(pages))


def test_documents_without_blocks_change_nothing() -> None:
    pages, labels, groups = documents()
    empty = [parse_html(""), parse_text(""), parse_html("<html><body><br></body></html>")]
    classifier = small().fit([*pages, *empty], [*labels, [], [], []], [*groups, *groups[-1:] * 3])
    assert [len(chances) for chances in classifier.predict_proba([*empty, pages[0]])] == [0, 0, 0, len(pages[0].blocks)]
    assert [len(row) for row in classifier.predict(empty)] == [0, 0, 0]


def test_leaves_out_blocks_that_are_any_or_none() -> None:
    pages, labels, groups = documents()
    nothing = parse_text("Subscribe to the council.\n\nThe offer ferry left.")
    both = [small().fit([*pages, nothing], [*labels, row], [*groups, groups[-1]]) for row in ([None, None], ["any", "any"])]
    assert_equal_arrays(*both)
    counted = both[0].model_.config
    assert (counted["blocks"], counted["promo_blocks"]) == (
        fitted().model_.config["blocks"],
        fitted().model_.config["promo_blocks"],
    )


BACKGROUND = parse_text("Zostań z nami\n\nPrenumerata cyfrowa\n\nMost otwarto w piątek\n\nRzeka opadła\n\nMapa strony")
BACKGROUND_LABELS = ["promo:subscribe", "promo:subscribe", "editorial", "editorial", "other"]


def test_words_are_learned_from_the_background() -> None:
    pages, labels, groups = documents()
    taught = small().fit([*pages, *[BACKGROUND] * 20], [*labels, *[BACKGROUND_LABELS] * 20], [*groups, *[None] * 20])

    layout = parse_text("Prenumerata cyfrowa\n\nMost otwarto w piątek").layout
    promo, editorial = scoring.first_stage(taught.model_.arrays, layout)[:, 0]
    before, same = scoring.first_stage(fitted().model_.arrays, layout)[:, 0]
    assert promo > before
    assert promo - editorial > abs(before - same)


def test_nothing_is_measured_on_the_background() -> None:
    """However promising its editorial blocks look, they have no say in the threshold, and its promos none in the share of promo."""
    pages, labels, groups = documents()
    loud = parse_text("Subscribe now for one pound a week\n\nUnlimited access on every device")
    taught = small(loss_budget=0.5).fit([*pages, loud], [*labels, ["editorial"] * 2], [*groups, None])
    assert taught.model_.config["groups"] == fitted().model_.config["groups"]
    with pytest.raises(ValueError, match="at least one promo"):
        small().fit([loud], [["promo", "editorial"]], [None])


def test_promos_of_the_background_weigh_little() -> None:
    pages, labels, groups = documents()
    rows = gather([*pages, BACKGROUND], [*labels, BACKGROUND_LABELS], [*groups, None])
    behind = ~rows.held
    of_one = rows.weight[behind] / rows.weight[behind].max()
    assert of_one[rows.promo[behind]].sum() / of_one.sum() == pytest.approx(BACKGROUND_PROMO)


def test_not_promo_teaches_against_promo_only() -> None:
    pages, labels, groups = documents()
    unsure = [[label if label.startswith("promo") else "not_promo" for label in row] for row in labels]
    chances = np.concatenate([*small().fit(pages, unsure, groups).predict_proba(pages)])
    np.testing.assert_allclose(chances[:, 0], chances[:, 2])  # nothing was said of editorial against other
    promo = np.concatenate([[label.startswith("promo") for label in row] for row in labels])
    assert chances[promo, 1].mean() > chances[~promo, 1].mean()


# -- what fit refuses ----------------------------------------------------------------------------------------------------

TWO = [parse_text("The council met.\n\nSubscribe now."), parse_text("Rain is expected.\n\nJoin us today.")]
GOOD = [["editorial", "promo"], ["editorial", "promo:register"]]


@pytest.mark.parametrize(
    ("pages", "labels", "groups", "message"),
    [
        ([], [], None, "at least one promo block"),
        (TWO, GOOD[:1], None, "2 documents but labels for 1"),
        (TWO, [["editorial"], GOOD[1]], None, "document 0 has 2 blocks but 1 labels"),
        (TWO, [GOOD[0], ["editorial", "advert"]], None, "document 1.*'advert'; expected one of editorial, promo, other"),
        (TWO, [GOOD[0], ["editorial", "promo:gift"]], None, "document 1.*'promo:gift'"),
        (TWO, [GOOD[0], [0, 1]], None, "document 1: no such label: 0"),
        (TWO, [GOOD[0], [float("nan"), "promo"]], None, "document 1: no such label: nan"),
        (TWO, GOOD, ["a"], "groups must have one entry for each of the 2 documents"),
        (TWO, GOOD, [["a", "b"], ["c", "d"]], "groups must have one entry"),
    ],
)
def test_names_what_is_wrong_with_labels(pages: Any, labels: Any, groups: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small().fit(pages, labels, groups)


@pytest.mark.parametrize("row", [["promo", "promo"], ["editorial", "other"], ["any", "promo"], [None, None]])
def test_refuses_labels_of_one_class(row: list[str | None]) -> None:
    with pytest.raises(ValueError, match="at least one promo block and one block that is none"):
        small().fit(TWO, [row, row])


@pytest.mark.parametrize("thing", ["<p>Subscribe now.</p>", b"bytes", 7, None, ["nested"]])
def test_refuses_what_is_no_document(thing: Any) -> None:
    with pytest.raises(TypeError, match=f"expected documents made by parse_html or parse_text, not {type(thing).__name__}"):
        small().fit([TWO[0], thing], GOOD)
    with pytest.raises(TypeError, match="expected documents made by parse_html or parse_text"):
        fitted().predict([thing])


# -- predict -------------------------------------------------------------------------------------------------------------


def test_knows_nothing_before_fit() -> None:
    pages, labels, _ = documents()
    for use in (
        lambda c: c.predict(pages),
        lambda c: c.predict_proba(pages),
        lambda c: c.score(pages, labels),
        lambda c: c.save("nowhere"),
    ):
        with pytest.raises(NotFittedError, match="call fit"):
            use(small())


def test_probabilities_are_three_a_block_and_sum_to_one() -> None:
    pages, *_ = documents()
    found = fitted().predict_proba(pages)
    assert found.shape == (len(pages),)
    for page, chances in zip(pages, found, strict=True):
        assert chances.shape == (len(page.blocks), len(fitted().classes_))
        assert (chances >= 0).all()
        np.testing.assert_allclose(chances.sum(axis=1), 1)


def test_predict_obeys_the_decision_rule() -> None:
    """Promo from the threshold on, else the likelier of the other two."""
    classifier = fitted()
    pages, *_ = documents()
    columns = {label: column for column, label in enumerate(classifier.classes_)}
    for page, chances, labels in zip(pages, classifier.predict_proba(pages), classifier.predict(pages), strict=True):
        threshold = classifier.model_.threshold(page.layout, chances[:, columns["promo"]])
        for chance, label in zip(chances, labels, strict=True):
            likelier = "editorial" if chance[columns["editorial"]] >= chance[columns["other"]] else "other"
            assert label == ("promo" if chance[columns["promo"]] >= threshold else likelier)


def test_learns_to_tell_a_promo() -> None:
    pages, labels, _ = documents()
    assert fitted().score(pages, labels) > 0.8
    assert np.isnan(fitted().score(pages, [["other"] * len(page.blocks) for page in pages]))


def test_score_weighs_documents() -> None:
    pages, labels, _ = documents()
    weights = np.arange(len(pages)) % 2  # those with weight 0 do not count
    chosen = [index for index, weight in enumerate(weights) if weight]
    part = fitted().score([pages[index] for index in chosen], [labels[index] for index in chosen])
    assert fitted().score(pages, labels, sample_weight=weights) == pytest.approx(part)


def test_a_document_is_scored_by_itself() -> None:
    """Neither the other documents of a call nor their order change a score."""
    pages, *_ = documents()
    together = fitted().predict_proba(pages[::-1])[::-1]
    for page, chances in zip(pages, together, strict=True):
        np.testing.assert_array_equal(fitted().predict_proba([page])[0], chances)


def test_predicting_changes_nothing() -> None:
    classifier = small().fit(*documents())
    pages, labels, _ = documents()
    before = pickle.dumps(vars(classifier))
    for method in (classifier.predict, classifier.predict_proba):
        method(pages)
    classifier.score(pages, labels)
    assert pickle.dumps(vars(classifier)) == before


def test_survives_pickling() -> None:
    pages, *_ = documents()
    copy = pickle.loads(pickle.dumps(fitted()))
    for mine, its in zip(fitted().predict_proba(pages), copy.predict_proba(pages), strict=True):
        np.testing.assert_array_equal(mine, its)


# -- model selection -----------------------------------------------------------------------------------------------------


def test_cross_val_predict_gives_what_fits_by_hand_give() -> None:
    pages, labels, groups = documents()
    splits = GroupKFold(2)
    found = cross_val_predict(small(), pages, labels, groups=groups, cv=splits)
    assert [len(row) for row in found] == [len(page.blocks) for page in pages]
    train, test = next(splits.split(pages, groups=groups))
    by_hand = small().fit(_take(pages, train), _take(labels, train)).predict(_take(pages, test))
    assert list(chain(*by_hand)) == list(chain(*found[test]))


def test_grid_search_finds_the_better_setting() -> None:
    """An L2 penalty that leaves no weight standing is worse than one that does."""
    pages, labels, groups = documents()
    search = GridSearchCV(small(), {"alpha": [1e-5, 1e3]}, cv=GroupKFold(2)).fit(pages, labels, groups=groups)
    assert search.best_params_ == {"alpha": 1e-5}
    assert isinstance(search.predict(pages[:1])[0][0], str)


def _take(values: list[Any], indices: Any) -> list[Any]:
    return [values[index] for index in indices]


# -- parameters and input that cannot be right -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("members", 0),
        ("text_bits", 40),
        ("kind_bits", 0),
        ("loss_budget", 1.5),
        ("alpha", -1e-6),
        ("cv", 0),
        ("kind_alpha", -1e-6),
        ("kind_epochs", 0),
    ],
)
def test_names_a_parameter_that_is_out_of_range(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be at least"):
        small(**{name: value}).fit(*documents())


def test_one_document_is_no_sequence_of_documents() -> None:
    with pytest.raises(TypeError, match="put it in a list"):
        fitted().predict(documents()[0][0])


def test_takes_documents_from_a_generator() -> None:
    found, labels, groups = documents()
    assert_equal_arrays(small().fit((document for document in found), labels, groups), fitted())


@pytest.mark.parametrize("seed", [None, np.random.RandomState(3), np.int64(3)])
def test_takes_every_random_state_that_scikit_learn_takes(seed: Any, tmp_path: Any) -> None:
    classifier = small(random_state=seed).fit(*documents())
    classifier.save(tmp_path)
    assert PaywallClassifier.load(tmp_path).random_state == classifier.seed_


def test_a_page_of_few_blocks_has_a_threshold_of_its_own() -> None:
    """Next to nothing around a block: what tells the labels apart on whole pages errs more, and may cost more."""
    classifier = fitted()
    thresholds = classifier.model_.config["thresholds"]
    few, many = parse_text("\n\n".join(["Rain fell."] * 8)), parse_text("\n\n".join(["Rain fell."] * 64))
    assert classifier.model_.threshold(few.layout, np.zeros(8)) == thresholds["text_fragment"] >= thresholds["text"]
    assert classifier.model_.threshold(many.layout, np.zeros(64)) == thresholds["text"]


def test_the_threshold_falls_from_that_of_a_fragment_to_that_of_a_page() -> None:
    """A page of nine blocks is hardly easier than one of eight: what is kept must not hang on one block of navigation more."""
    model = scoring.Model({}, {"thresholds": {"html": 0.1, "html_fragment": 0.1, "text": 0.02, "text_fragment": 0.32}})
    layouts = [parse_text("\n\n".join(["Rain fell."] * n)).layout for n in range(1, 80)]
    thresholds = np.array([model.threshold(layout, np.zeros(len(layout.texts))) for layout in layouts])
    assert (thresholds[:8] == 0.32).all()
    assert (thresholds[63:] == 0.02).all()
    falls = thresholds[8:64] / thresholds[7:63]
    assert ((falls > 0.8) & (falls < 1)).all()


@pytest.mark.parametrize(("suspected", "name"), [(34, "text"), (35, "text_fragment")])
def test_a_page_that_would_lose_half_of_its_text_is_judged_as_carefully_as_a_fragment(suspected: int, name: str) -> None:
    """An article in an element named after a newsletter, say: the model is likelier to be wrong than half a page to be promo."""
    thresholds = {"html": 0.1, "html_fragment": 0.2, "text": 0.3, "text_fragment": 0.4}
    layout = parse_text("\n\n".join(["Rain fell."] * 70)).layout
    promo = np.array([0.35] * suspected + [0.01] * (70 - suspected))
    assert scoring.Model({}, {"thresholds": thresholds}).threshold(layout, promo) == thresholds[name]
