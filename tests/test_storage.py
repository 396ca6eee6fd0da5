"""A model folder comes back to the bit, and a wrong one gives a ModelError that says what to do."""

from __future__ import annotations

import json
import pickle
import struct
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from tiny import SMALL, documents, fitted

from paywallclf import ModelError, PaywallClassifier, classify_html, load_model, parse_html
from paywallclf.storage import SHIPPED

ARRAYS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound model folder, for the test to damage."""
    fitted().save(tmp_path / "model", card="# A card\n")
    return tmp_path / "model"


def change_config(folder: Path, **changes: Any) -> None:
    """Set entries of the configuration; ... takes one out."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8")) | changes
    text = json.dumps({name: value for name, value in config.items() if value is not ...})
    (folder / CONFIG).write_text(text, encoding="utf-8")


def change_arrays(folder: Path, change: Callable[[dict[str, np.ndarray]], object]) -> None:
    """Change the arrays; the configuration no longer states their hash, so that other checks must find it."""
    arrays = {name: array.copy() for name, array in load_file(folder / ARRAYS).items()}
    change(arrays)
    save_file(arrays, folder / ARRAYS)
    change_config(folder, sha256=...)


def refused(folder: Path, message: str) -> None:
    """Both ways to load refuse the folder, and say where it lies and what to do."""
    for load in (load_model, PaywallClassifier.load):
        with pytest.raises(ModelError, match=message) as caught:
            load(folder)
        assert str(folder) in str(caught.value)
        assert any(advice in str(caught.value) for advice in ("train", "upgrade", "give a folder that save() wrote"))


# -- there and back ------------------------------------------------------------------------------------------------------


def test_gives_the_same_probabilities_to_the_bit(folder: Path) -> None:
    pages, *_ = documents()
    for loaded in (PaywallClassifier.load(folder), PaywallClassifier.load(str(folder))):
        for before, after in zip(fitted().predict_proba(pages), loaded.predict_proba(pages), strict=True):
            np.testing.assert_array_equal(before, after)
        assert [list(row) for row in loaded.predict(pages)] == [list(row) for row in fitted().predict(pages)]


def test_a_loaded_classifier_knows_its_parameters_and_can_be_saved_again(folder: Path, tmp_path: Path) -> None:
    loaded = PaywallClassifier.load(folder)
    assert SMALL.items() <= loaded.get_params().items()
    loaded.save(tmp_path / "again", card="# A card\n")
    for name in (ARRAYS, CONFIG, CARD):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_saving_over_a_model_replaces_it(folder: Path) -> None:
    loaded = PaywallClassifier.load(folder)
    loaded.save(folder, card="new")
    assert (folder / CARD).read_text(encoding="utf-8") == "new"
    PaywallClassifier.load(folder)


def test_holds_arrays_json_and_a_card_and_nothing_else(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [CARD, CONFIG, ARRAYS]


def test_parameters_of_another_version_are_passed_over(folder: Path) -> None:
    change_config(folder, parameters={"alpha": 0.5, "of_a_later_version": 1})
    assert PaywallClassifier.load(folder).alpha == 0.5


def test_loaded_arrays_are_read_only(folder: Path) -> None:
    model = load_model(folder)
    for copy in (model, pickle.loads(pickle.dumps(model))):
        for array in copy.arrays.values():
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


# -- loaded once, shared by threads --------------------------------------------------------------------------------------


def test_loads_a_model_once(folder: Path) -> None:
    assert load_model(folder) is load_model(str(folder))


def test_sixteen_threads_agree_with_one(folder: Path) -> None:
    pages = [page.source for page in documents()[0] if page.form == "html"]
    alone = [classify_html(page, model=fitted()) for page in pages]
    models: list[object] = []
    wrong: list[object] = []
    together = threading.Barrier(16)

    def work() -> None:
        together.wait()
        models.append(load_model(folder))
        for page, expected in zip(pages, alone, strict=True):
            if classify_html(page, model=folder) != expected:
                wrong.append(page)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(models) == 16
    assert len(set(map(id, models))) == 1


def test_an_error_is_not_remembered(folder: Path) -> None:
    text = (folder / CONFIG).read_text(encoding="utf-8")
    (folder / CONFIG).unlink()
    refused(folder, "cannot be read")
    (folder / CONFIG).write_text(text, encoding="utf-8")
    assert load_model(folder).name == fitted().model_.name


# -- what is refused -----------------------------------------------------------------------------------------------------


def test_refuses_a_missing_folder(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "no model in .*nowhere")


@pytest.mark.parametrize("name", [ARRAYS, CONFIG])
def test_refuses_a_folder_that_lacks_a_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    refused(folder, f"no model in .*: {name} cannot be read")


@pytest.mark.parametrize("name", [ARRAYS, CONFIG])
def test_refuses_a_folder_where_a_file_should_be(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    refused(folder, f"{name}")


def test_a_card_may_be_missing(folder: Path) -> None:
    (folder / CARD).unlink()
    load_model(folder)


@pytest.mark.parametrize("share", [0, 1e-5, 1e-4, 0.01, 0.5, 0.9, 0.999])
def test_refuses_arrays_cut_short(folder: Path, share: float) -> None:
    whole = (folder / ARRAYS).read_bytes()
    (folder / ARRAYS).write_bytes(whole[: int(share * len(whole))])
    refused(folder, "damaged or cut short")


@pytest.mark.parametrize("missing", [1, 2, 8])
def test_refuses_arrays_that_lack_their_last_bytes(folder: Path, missing: int) -> None:
    (folder / ARRAYS).write_bytes((folder / ARRAYS).read_bytes()[:-missing])
    refused(folder, "damaged or cut short")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_refuses_arrays_with_any_byte_changed(folder: Path, data: st.DataObject) -> None:
    sound = (folder / ARRAYS).read_bytes()
    # half of the places in the header, which is short
    header = 8 + struct.unpack("<Q", sound[:8])[0]
    place = data.draw(st.one_of(st.integers(0, header - 1), st.integers(0, len(sound) - 1)))
    damaged = bytearray(sound)
    damaged[place] ^= data.draw(st.integers(1, 255))
    (folder / ARRAYS).write_bytes(damaged)
    try:
        refused(folder, "damaged or cut short|no model of this version")
    finally:
        (folder / ARRAYS).write_bytes(sound)


@pytest.mark.parametrize("claimed", [1 << 32, 1 << 62, (1 << 64) - 1])
def test_a_header_that_claims_much_takes_no_memory(folder: Path, claimed: int) -> None:
    whole = (folder / ARRAYS).read_bytes()
    (folder / ARRAYS).write_bytes(struct.pack("<Q", claimed) + whole[8:])
    _refused_in_little_memory(folder)


def test_an_array_that_claims_much_takes_no_memory(folder: Path) -> None:
    header = {"text_table": {"dtype": "F32", "shape": [1 << 40, 2], "data_offsets": [0, 1 << 43]}}
    text = json.dumps(header).encode()
    (folder / ARRAYS).write_bytes(struct.pack("<Q", len(text)) + text + bytes(64))
    _refused_in_little_memory(folder)


def _refused_in_little_memory(folder: Path) -> None:
    tracemalloc.start()
    refused(folder, "damaged or cut short")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 16 << 20


def some(name: str, arrays: dict[str, np.ndarray]) -> str:
    """The name of an array that ends so."""
    return next(each for each in sorted(arrays) if each.endswith(name))


def _lose(arrays: dict[str, np.ndarray]) -> None:
    del arrays[min(arrays)]


def _add(arrays: dict[str, np.ndarray]) -> None:
    arrays["of_another_version"] = np.zeros(3, np.float32)


def _reshape(arrays: dict[str, np.ndarray]) -> None:
    name = some("_table", arrays)
    arrays[name] = arrays[name].reshape(-1)


def _shorten(arrays: dict[str, np.ndarray]) -> None:
    name = some("_scale", arrays)
    arrays[name] = arrays[name][:-1].copy()


def _odd(arrays: dict[str, np.ndarray]) -> None:
    name = some("_table", arrays)
    arrays[name] = arrays[name][:-1].copy()


def _empty(arrays: dict[str, np.ndarray]) -> None:
    name = some("_table", arrays)
    arrays[name] = arrays[name][:0].copy()


def _cast(dtype: Any) -> Callable[[dict[str, np.ndarray]], None]:
    def change(arrays: dict[str, np.ndarray]) -> None:
        name = some("_table", arrays)
        arrays[name] = arrays[name].astype(dtype)

    return change


def _put(value: float, end: str) -> Callable[[dict[str, np.ndarray]], None]:
    def change(arrays: dict[str, np.ndarray]) -> None:
        arrays[some(end, arrays)].flat[-1] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_lose, "lacks array"),
        (_add, "has an unknown array 'of_another_version'"),
        (_reshape, "has shape .*, expected"),
        (_shorten, "has shape .*, expected"),
        (_odd, "no power of two"),
        (_empty, "has 0 rows, no power of two"),
        (_cast(np.float64), "holds float64, expected float16 or float32"),
        (_cast(np.int32), "holds int32, expected float16 or float32"),
        (_cast(np.bool_), "holds bool, expected float16 or float32"),
        (_put(np.nan, "_table"), "no numbers"),
        (_put(np.inf, "_scale"), "no numbers"),
        (_put(0.0, "_scale"), "a zero to divide by"),
        (_put(1e-40, "_scale"), "a zero to divide by, or next to one"),
        (_put(-1e30, "_intercept"), "numbers beyond 1e"),
        (_put(1e30, "_weights"), "numbers beyond 1e"),
    ],
)
def test_refuses_wrong_arrays(folder: Path, change: Callable[[Any], object], message: str) -> None:
    change_arrays(folder, change)
    refused(folder, message)


def test_refuses_the_arrays_of_one_model_beside_the_settings_of_another(folder: Path) -> None:
    settings_of_the_first = (folder / CONFIG).read_bytes()
    change_arrays(folder, lambda arrays: arrays[some("_intercept", arrays)].__iadd__(1))
    PaywallClassifier.load(folder)  # sound by itself
    (folder / CONFIG).write_bytes(settings_of_the_first)
    refused(folder, "SHA-256 is not the one")


@pytest.mark.parametrize(
    "text", ["", "{", "{'format_version': 1}", "\ufeff{}", "[" * 100_000, '{"format_version": ' + "9" * 5000 + "}"]
)
def test_refuses_a_configuration_that_is_not_json(folder: Path, text: str) -> None:
    (folder / CONFIG).write_text(text, encoding="utf-8")
    refused(folder, "damaged")


def test_refuses_a_configuration_in_no_encoding(folder: Path) -> None:
    (folder / CONFIG).write_bytes(b'{"name": "\xff\xfe"}')
    refused(folder, "damaged")


@pytest.mark.parametrize("text", ["[]", "1", "null", '"format_version"'])
def test_refuses_a_configuration_that_is_no_object(folder: Path, text: str) -> None:
    (folder / CONFIG).write_text(text, encoding="utf-8")
    refused(folder, "not a JSON object")


def test_refuses_a_huge_configuration_unread(folder: Path) -> None:
    with (folder / CONFIG).open("wb") as file:
        file.truncate(1 << 40)  # takes no room on the disk
    _refused_in_little_memory(folder)


@pytest.mark.parametrize("version", [..., None, "1", 1.0, True, 0, -1])
def test_refuses_a_configuration_without_a_format_version(folder: Path, version: Any) -> None:
    change_config(folder, format_version=version)
    refused(folder, "states no format_version")


def test_a_newer_format_asks_for_an_upgrade(folder: Path) -> None:
    change_config(folder, format_version=1000)
    refused(folder, r"model format 1000; this paywallclf reads \d+: upgrade with pip install -U paywallclf")


def test_an_older_format_asks_for_a_new_fit(folder: Path) -> None:
    change_config(folder, format_version=1)
    refused(folder, r"model format 1; this paywallclf reads \d+: train the model again")


def test_refuses_trees_that_would_be_walked_for_ever(folder: Path) -> None:
    arrays = load_file(folder / ARRAYS)
    arrays["html_promo_tree_nodes"] = np.array([[[0, 0, 0], [1, 1, 0]]], np.int32)
    arrays["html_promo_tree_values"] = np.zeros((1, 3), np.float32)
    save_file(arrays, folder / ARRAYS)
    change_config(folder, sha256=None)
    refused(folder, "html_promo_tree_nodes.*a node of tree 0")


@pytest.mark.parametrize("thresholds", [..., None, [], 0.5, {}, {"html": 0.5}, {"text": 0.5}])
def test_refuses_missing_thresholds(folder: Path, thresholds: Any) -> None:
    change_config(folder, thresholds=thresholds)
    refused(folder, "threshold")


@pytest.mark.parametrize("value", ["0.5", None, True, [0.5], float("nan"), float("inf"), -0.1, 1.1, 10**400])
def test_refuses_thresholds_that_are_no_probabilities(folder: Path, value: Any) -> None:
    change_config(folder, thresholds={**load_model().config["thresholds"], "html": value})
    refused(folder, "the threshold for 'html' is .*, expected a number from 0 to 1")


def test_refuses_parameters_that_are_no_object(folder: Path) -> None:
    change_config(folder, parameters=["alpha"])
    refused(folder, "parameters is not a JSON object")


# -- nothing is executed -------------------------------------------------------------------------------------------------


class _Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def test_never_unpickles(folder: Path, tmp_path: Path) -> None:
    trap = pickle.dumps(_Trap(tmp_path / "sprung"))
    (folder / "model.pkl").write_bytes(trap)
    load_model(folder)
    for name in (ARRAYS, CONFIG):
        sound = (folder / name).read_bytes()
        (folder / name).write_bytes(trap)
        with pytest.raises(ModelError):
            PaywallClassifier.load(folder)
        (folder / name).write_bytes(sound)
    assert not (tmp_path / "sprung").exists()
    pickle.loads(trap)
    assert (tmp_path / "sprung").exists()  # the trap works


# -- the shipped model ---------------------------------------------------------------------------------------------------


def test_the_shipped_model_is_small() -> None:
    import paywallclf

    shipped = Path(paywallclf.__file__).parent / "models" / "default"
    assert sum(path.stat().st_size for path in shipped.iterdir()) < 8_000_000


def test_the_shipped_model_is_the_default() -> None:
    assert load_model() is load_model("default") is load_model(None)
    page = parse_html("<article><p>Rain fell on the town.</p><p class=paywall>Subscribe now to read on</p></article>")
    alike = [PaywallClassifier.load().predict_proba([page])[0], PaywallClassifier.load(SHIPPED).predict_proba([page])[0]]
    np.testing.assert_array_equal(*alike)
    assert load_model().config == PaywallClassifier.load().model_.config
