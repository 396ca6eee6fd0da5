"""From labelled pages to a model: the corpus aligned, labels without pages, checkouts of the sources, the fit, the card."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from paywallclf import PaywallClassifier, parse_html
from paywallclf.labels import read_labels
from training import corpus, peers, sources
from training.__main__ import main
from training.annotations import ANNOTATIONS, AnnotationError, annotation, lay, read_annotations, shortened, write_annotations
from training.blocks import BLOCKS, read_blocks
from training.card import CardError, card
from training.corpus import GoldBlock, LabelledPage
from training.corrections import CORRECTIONS, corrected
from training.extracts import extracts
from training.fit import describe, fit
from training.folds import is_locked

PAGES = Path(__file__).parents[1] / "datasets" / "pages"

#: What the pages of a repository have and those of the corpus lost.
SCRIPTS = (
    "<style>p { color: red }</style><script>if (1 < 2) document.write('<p>Subscribe now</p>')</script><svg><text>x</text></svg>"
)


def own_pages(count: int | None = None) -> list[LabelledPage]:
    """The project's own pages as if they were of public sources."""
    pages = []
    for number, row in enumerate(list(read_labels(PAGES / "labels.jsonl"))[:count]):
        parts = [(label or "any").partition(":") for label in row.labels]
        pages.append(
            LabelledPage(
                id=f"{('newspaper', 'fundus')[number % 2]}/{row.id}",
                source=("newspaper", "fundus")[number % 2],
                group=row.group,
                language=row.document.language or "unknown",
                type="article",
                reviewed=True,
                body_known=True,
                document=row.document,
                labels=[label for label, _, _ in parts],
                kinds=[kind or None for _, _, kind in parts],
                gold=[
                    GoldBlock(block.text, label, kind or None, {block.index: 1})
                    for block, (label, _, kind) in zip(row.document.blocks, parts, strict=True)
                ],
            )
        )
    return pages


def name_of(page: LabelledPage) -> str:
    return page.id.partition("/")[2]


def annotate(folder: Path, pages: list[LabelledPage]) -> Path:
    write_annotations(folder, [annotation(page, name=name_of(page), site="example.org") for page in pages])
    return folder


def check_out(folder: Path, pages: list[LabelledPage], change: Callable[[str], str] = lambda html: html) -> Path:
    """Lay pages out as the repositories of their sources do."""
    for page in pages:
        source = sources.read_sources()[page.source]
        path = folder / source.checkout / source.paths[0].format(name=name_of(page))
        path.parent.mkdir(parents=True, exist_ok=True)
        data = change(page.document.source).encode()
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)


# -- the corpus ----------------------------------------------------------------------------------------------------------


def gold_row(**changes: object) -> dict[str, object]:
    blocks = [
        {"text": "The council met on Monday.", "label": "editorial"},
        {"text": "Subscribe now to read on.", "label": "promo", "kind": "paywall"},
    ]
    about = {"page": "made/one", "source": "made", "group": "g", "lang": "en", "type": "article"}
    return {**about, "reviewed": True, "body_known": True, "blocks": blocks, **changes}


def test_gold_labels_are_laid_over_our_own_blocks() -> None:
    page = corpus.label_page(
        gold_row(), "<p>The council met on Monday.</p><div>Subscribe now to read on.</div><p>New text.</p>"
    )
    assert page.labels == ["editorial", "promo", "any"]
    assert page.kinds == [None, "paywall", None]


def test_a_gold_block_that_we_cut_in_two_labels_both_parts() -> None:
    page = corpus.label_page(gold_row(), "<p>The council met on Monday.</p><p>Subscribe now</p><p>to read on.</p>")
    assert page.labels == ["editorial", "promo", "promo"]


def test_a_block_of_ours_that_holds_two_gold_blocks_takes_the_label_of_the_longer_text() -> None:
    short = {"text": "Sign up", "label": "promo", "kind": "register"}
    long = {"text": "The council met on Monday to talk about the bridge.", "label": "editorial"}
    for blocks in ([short, long], [long, short]):
        page = corpus.label_page(gold_row(blocks=blocks), f"<p>{blocks[0]['text']} {blocks[1]['text']}</p>")
        assert page.labels == ["editorial"]
        assert page.kinds == [None]


def test_the_alignment_counts_gold_blocks_that_our_blocks_lack() -> None:
    whole = corpus.label_page(gold_row(), "<p>The council met on Monday.</p><p>Subscribe now to read on.</p>")
    half = corpus.label_page(gold_row(source="other"), "<p>The council met on Monday.</p>")
    found = corpus.alignment([whole, half])
    assert list(found) == ["made", "other", "all"]
    assert (found["other"].blocks, found["other"].blocks_aligned, found["other"].promos_aligned) == (2, 1, 0)
    assert (found["all"].pages, found["all"].promos, found["all"].promos_aligned) == (2, 2, 1)


# -- labels without pages ------------------------------------------------------------------------------------------------


def test_annotations_give_the_labels_back_through_their_files(tmp_path: Path) -> None:
    pages = own_pages()
    annotate(tmp_path, pages)
    rows = {row["page"]: row for path in tmp_path.iterdir() for row in read_annotations(path)}
    for page in pages:
        laid = lay(rows[page.id], page.document)
        assert laid.same
        assert laid.found == laid.listed
        assert (laid.page.labels, laid.page.kinds) == (page.labels, page.kinds)
        assert (laid.page.source, laid.page.group, laid.page.language) == (page.source, page.group, page.language)


def test_annotations_hold_no_text_of_the_pages(tmp_path: Path) -> None:
    pages = own_pages()
    written = "".join(path.read_text(encoding="utf-8") for path in annotate(tmp_path, pages).iterdir())
    texts = {block.text for page in pages for block in page.document.blocks if len(block.text) >= 12}
    assert len(texts) > 500
    assert not [text for text in texts if text in written]


def test_on_a_changed_page_listed_blocks_keep_their_labels_and_the_others_count_for_neither_side() -> None:
    page = own_pages(1)[0]
    row = annotation(page, name="a", site="example.org")
    laid = lay(row, parse_html(page.document.source.replace("</body>", "<p>A block that nobody labelled.</p></body>")))
    assert not laid.same
    assert laid.found == laid.listed > 0
    listed = {fingerprint for fingerprints in row["labels"].values() for fingerprint in fingerprints}
    before = {block.fingerprint: label for block, label in zip(page.document.blocks, page.labels, strict=True)}
    for block, label in zip(laid.page.document.blocks, laid.page.labels, strict=True):
        assert label == (before[block.fingerprint] if block.fingerprint in listed else "any")


def test_a_name_that_spells_a_headline_is_cut_and_its_page_is_found(tmp_path: Path) -> None:
    name = "The ferry that left without its captain.html"
    id_, cut = shortened(f"newspaper/{name.replace(' ', '_')}", name)
    assert len(id_.partition("/")[2]) < 30 > len(cut)
    source = sources.read_sources()["newspaper"]
    place = tmp_path / source.paths[0].format(name=name)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"<p>Rain.</p>")
    assert sources.read_page(source, tmp_path, cut) == b"<p>Rain.</p>"
    assert shortened("newspaper/short.html", "short.html") == ("newspaper/short.html", "short.html")
    place.with_name(place.name.replace("captain", "cook")).write_bytes(b"<p>Sun.</p>")
    assert sources.read_page(source, tmp_path, cut) is None  # not any of two


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda line: line[:-30], "line 1 column"),
        (lambda line: line.replace('"digest"', '"digset"'), "'digest' is missing"),
        (lambda line: line.replace("promo:", "promo:x"), "no such kind"),
        (lambda line: "[]", "expected a JSON object"),
    ],
)
def test_a_damaged_file_of_annotations_names_its_line(tmp_path: Path, damage: Callable[[str], str], reason: str) -> None:
    path = annotate(tmp_path, own_pages(3)) / "newspaper.jsonl"
    first, second = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{first}\n{damage(second)}\n", encoding="utf-8")
    with pytest.raises(AnnotationError, match=rf"newspaper\.jsonl:2: .*({reason})"):
        list(read_annotations(path))


def test_the_projects_annotations_are_whole_and_each_source_is_pinned() -> None:
    pinned = sources.read_sources()
    files = {path.stem: list(read_annotations(path)) for path in ANNOTATIONS.glob("*.jsonl")}
    assert set(files) == set(pinned)
    for name, rows in files.items():
        assert rows
        assert all(row["page"].startswith(f"{name}/") for row in rows)
        assert pinned[name].blob or all("{name}" in pattern for pattern in pinned[name].paths)
        assert pinned[name].commit
        assert pinned[name].licence
        assert pinned[name].credit
    pages = [row["page"] for rows in files.values() for row in rows]
    assert len(set(pages)) == len(pages)


def test_the_projects_annotations_are_what_the_corpus_says() -> None:
    folder = corpus.default_folder()
    if not (folder / "gold.jsonl.gz").is_file():
        pytest.skip("the corpus is not here: PAYWALLCLF_CORPUS says where it lies")
    rows = {row["page"]: row for path in ANNOTATIONS.glob("*.jsonl") for row in read_annotations(path)}
    gold = list(corpus.read_rows(folder))
    assert {shortened(row["page"], row["name"])[0] for row in gold} == set(rows)
    for row in gold[::60]:
        page = corpus.label_page(row, corpus.read_page(folder, row["page"]))
        id_, _ = shortened(page.id, row["name"])
        assert rows[id_] == annotation(page, name=row["name"], site=row["site"]), "run python -m training build"


# -- checkouts -----------------------------------------------------------------------------------------------------------


def test_pages_of_a_checkout_have_the_blocks_that_were_labelled_though_they_still_have_their_scripts(tmp_path: Path) -> None:
    pages = own_pages(8)
    checkouts = check_out(tmp_path / "checkouts", pages, lambda html: html.replace("</body>", SCRIPTS + "</body>"))
    assert any("</body>" in page.document.source for page in pages)
    loaded, matches = sources.load(checkouts, annotate(tmp_path / "annotations", pages))
    assert {page.id: (page.labels, page.kinds) for page in loaded} == {page.id: (page.labels, page.kinds) for page in pages}
    for match in matches:
        if match.source in ("fundus", "newspaper"):
            assert match.same == match.pages == match.annotated == 4
            assert match.found == match.fingerprints > 0
            assert match.problem == ""


def test_a_missing_checkout_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    pages = own_pages(8)
    annotated = annotate(tmp_path / "annotations", pages)
    checkouts = check_out(tmp_path / "checkouts", [page for page in pages if page.source == "fundus"])
    loaded, matches = sources.load(checkouts, annotated)
    assert {page.source for page in loaded} == {"fundus"}
    problem = next(match.problem for match in matches if match.source == "newspaper")
    pinned = sources.read_sources()["newspaper"]
    assert pinned.repository in problem
    assert pinned.commit in problem
    result = run("build", "--checkouts", checkouts, "--annotations", annotated)
    assert result.exit_code == 0
    assert problem in result.stderr


def test_a_checkout_of_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "newspaper").mkdir()
    _, matches = sources.load(tmp_path, annotate(tmp_path / "annotations", own_pages(2)))
    assert "none of its pages" in next(match.problem for match in matches if match.source == "newspaper")


def test_without_any_page_the_command_says_what_to_clone(tmp_path: Path) -> None:
    for command in ("build", "fit", "evaluate"):
        result = run(command, "--checkouts", tmp_path, "--annotations", annotate(tmp_path / "annotations", own_pages(2)))
        assert result.exit_code == 1
        assert "datasets/sources.toml" in result.stderr
        result = run(command, "--corpus", tmp_path)
        assert result.exit_code == 1
        assert "no corpus in" in result.stderr


def test_a_page_that_was_replaced_later_is_read_by_its_blob(tmp_path: Path) -> None:
    page = own_pages(1)[0]
    checkout = tmp_path / "fundus"
    subprocess.run(["git", "init", "--quiet", str(checkout)], check=True)
    written = subprocess.run(
        ["git", "-C", str(checkout), "hash-object", "-w", "--stdin"],
        input=gzip.compress(page.document.source.encode()), capture_output=True, check=True,
    )  # fmt: skip
    old = replace(page, id="fundus-old/en_Paper", source="fundus-old")
    row = annotation(old, name=f"en/Paper@{written.stdout.decode()[:7]}", site="example.org")
    lost = annotation(replace(old, id="fundus-old/en_Lost"), name="en/Lost@0000000", site="example.org")
    write_annotations(tmp_path / "annotations", [row, lost])
    loaded, matches = sources.load(tmp_path, tmp_path / "annotations")
    assert [page.id for page in loaded] == ["fundus-old/en_Paper"]
    assert loaded[0].labels == page.labels
    match = next(match for match in matches if match.source == "fundus-old")
    assert (match.annotated, match.pages, match.same) == (2, 1, 1)


# -- fit, evaluation, card -----------------------------------------------------------------------------------------------


@pytest.fixture
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fit small models: the steps are tested here, not the figures."""

    def small(n_jobs: int | None = None) -> PaywallClassifier:
        return PaywallClassifier(text_bits=10, markup_bits=10, kind_bits=8, members=1, network_epochs=1, cv=2, n_jobs=n_jobs)

    small.load = PaywallClassifier.load  # type: ignore[attr-defined]
    monkeypatch.setattr("training.__main__.PaywallClassifier", small)


@pytest.fixture
def data(tmp_path: Path) -> list[object]:
    """A dozen own pages in checkouts, as options."""
    pages = own_pages(12)
    annotated = annotate(tmp_path / "annotations", pages)
    return ["--checkouts", check_out(tmp_path / "checkouts", pages), "--annotations", annotated]


@pytest.mark.usefixtures("small_models")
def test_the_same_data_gives_the_same_model_bit_for_bit(tmp_path: Path, data: list[object]) -> None:
    for name, jobs in (("one", 1), ("two", 2)):
        assert run("fit", *data, "--jobs", jobs, "--version", "1.2", "--output", tmp_path / name).exit_code == 0
    files = {path.name for path in (tmp_path / "one").iterdir()}
    assert {"model.safetensors", "config.json", "README.md"} <= files
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


@pytest.mark.usefixtures("small_models")
def test_a_model_is_fitted_evaluated_and_described(tmp_path: Path, data: list[object]) -> None:
    model, output = tmp_path / "model", tmp_path / "evaluation"
    assert run("fit", *data, "--version", "1.2", "--output", model).exit_code == 0
    config = PaywallClassifier.load(model).model_.config
    assert (config["name"], config["version"]) == ("paywallclf", "1.2")
    assert config["training_data"]["sources"]["fundus"]["pages"] == 6
    assert "Not evaluated yet" in (model / "README.md").read_text(encoding="utf-8")

    result = run("evaluate", *data, "--no-peers", "--output", output)
    assert result.exit_code == 0
    assert (output / "evaluation.md").read_text(encoding="utf-8") in result.stdout
    figures = json.loads((output / "evaluation.json").read_text(encoding="utf-8"))

    before = (model / "model.safetensors").read_bytes()
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- figures -->\nstale\n<!-- /figures -->\nafter\n", encoding="utf-8")
    result = run("card", "--model", model, "--evaluation", output / "evaluation.json", "--readme", readme)
    assert result.exit_code == 0
    assert (model / "model.safetensors").read_bytes() == before
    text = (model / "README.md").read_text(encoding="utf-8")
    leak = next(row["value"] for row in figures["default_threshold"] if row["figure"] == "promo blocks leaked")
    assert f"| promo blocks leaked | {100 * leak['value']:.1f} % ({100 * leak['low']:.1f}-{100 * leak['high']:.1f}; " in text
    written = readme.read_text(encoding="utf-8")
    assert written.startswith("before\n<!-- figures -->\n")
    assert written.endswith("<!-- /figures -->\nafter\n")
    assert "stale" not in written
    assert f"{100 * leak['value']:.1f} % ({100 * leak['low']:.1f}-{100 * leak['high']:.1f}; " in written
    for name in ("fundus", "newspaper"):
        pinned = sources.read_sources()[name]
        assert f"{pinned.credit}: <{pinned.repository}>, commit `{pinned.commit}`, {pinned.licence}" in text
    assert sources.read_sources()["omnivore"].credit not in text


# -- written blocks, the lock, corrections -------------------------------------------------------------------------------


def test_an_extract_takes_the_labels_of_the_page_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    (page,) = own_pages(1)
    promo, editorial = (page.document.blocks[page.labels.index(label)].text for label in ("promo", "editorial"))
    lines = [editorial, promo, f"{editorial[:40]} {promo[:40]}", "What no page says."]
    use_extractors(monkeypatch, {"own": lambda html: "\n\n".join(lines)})
    (extract,) = extracts([page])
    assert extract.group == page.group
    kind = page.kinds[page.labels.index("promo")]
    assert extract.labels == ["editorial", f"promo:{kind}", "any", "any"]


def test_a_page_is_read_by_two_of_the_extractors(monkeypatch: pytest.MonkeyPatch) -> None:
    (page,) = own_pages(1)
    texts = {name: page.document.blocks[at].text for at, name in enumerate(("one", "two", "three"))}
    use_extractors(monkeypatch, {name: lambda html, name=name: texts[name] for name in texts})
    found = [extract.document.source for extract in extracts([page])]
    assert len(set(found)) == len(found) == 2
    assert set(found) < set(texts.values())


def test_the_model_learns_from_what_an_extractor_leaves_of_the_pages_of_which_it_leaves_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages = own_pages(6)
    silent = pages[0].document.source
    use_extractors(
        monkeypatch, {"own": lambda html: "" if html == silent else "\n\n".join(b.text for b in parse_html(html).blocks)}
    )
    model = fit(pages, PaywallClassifier(text_bits=10, markup_bits=8, kind_bits=8, members=1, trees=0, cv=2)).model_
    assert model.config["documents"] == 6 + 5


def use_extractors(monkeypatch: pytest.MonkeyPatch, found: dict[str, Callable[[str], str]]) -> None:
    monkeypatch.setattr(peers, "PEERS", found)
    monkeypatch.setattr(peers, "available", lambda: found)


def test_written_blocks_are_documents_in_the_order_of_their_file() -> None:
    found = read_blocks()
    assert sum(len(blocks.labels) for blocks in found) == sum(
        len(path.read_text(encoding="utf-8").splitlines()) for path in BLOCKS.glob("*.jsonl")
    )
    for blocks in found:
        assert len(blocks.document.blocks) == len(blocks.labels)
    chinese = [blocks.language for blocks in found if blocks.language.startswith("zh")]
    assert {*chinese} == {"zh-Hans", "zh-Hant"}
    assert not [blocks for blocks in read_blocks(without=("zh",)) if blocks.language.startswith("zh")]


def test_about_a_fifth_of_the_groups_is_locked_and_always_the_same() -> None:
    pages = [replace(own_pages(1)[0], group=f"site {number}.example") for number in range(1000)]
    locked = {page.group for page in pages if is_locked(page)}
    assert 150 < len(locked) < 250
    assert locked == {page.group for page in reversed(pages) if is_locked(replace(page, id="another", language="xx"))}


def test_a_correction_changes_our_label_and_that_of_the_gold_block() -> None:
    page = own_pages(1)[0]
    promo = next(index for index, label in enumerate(page.labels) if label == "promo")
    other = next(index for index, label in enumerate(page.labels) if label == "other")
    prints = [block.fingerprint for block in page.document.blocks]
    changed = corrected(page, {prints[promo]: "other", prints[other]: "promo:follow"})
    assert (changed.labels[promo], changed.kinds[promo]) == ("other", None)
    assert (changed.labels[other], changed.kinds[other]) == ("promo", "follow")
    assert [block.label for block in changed.gold if list(block.ours) == [promo]] == ["other"]
    assert [(block.label, block.kind) for block in changed.gold if list(block.ours) == [other]] == [("promo", "follow")]
    assert page.labels[promo] == "promo"


def test_the_projects_corrections_contradict_the_annotations_that_they_name() -> None:
    known = {row["page"]: row for path in ANNOTATIONS.glob("*.jsonl") for row in read_annotations(path)}
    rows = [json.loads(line) for path in CORRECTIONS.glob("*.jsonl") for line in path.read_text(encoding="utf-8").splitlines()]
    assert rows
    for row in rows:
        labels = known[row["page"]]["labels"]
        listed = {fingerprint: label for label, prints in labels.items() for fingerprint in prints}
        assert listed.get(row["fingerprint"], known[row["page"]]["rest"]) == row["was"] != row["label"]
        assert row["why"]


def test_the_card_names_the_worst_languages_and_kinds_first() -> None:
    config = a_config()
    figures = some_figures(config["training_data"]["fingerprint"])
    text = card(config, sources.read_sources(), figures)
    failures = text[text.index("## Where it fails") : text.index("## Limits")]
    assert failures.index("| ko | 50.0 % ") < failures.index("| en | 4.0 % ")
    assert failures.index("| app | 20.0 % ") < failures.index("| paywall | 2.0 % ")
    assert "| xx |" not in failures  # nothing to count


def test_the_card_of_a_model_takes_no_other_models_evaluation() -> None:
    config = a_config()
    with pytest.raises(CardError, match="python -m training evaluate"):
        card(config, sources.read_sources(), some_figures("0123456789abcdef"))
    figures = some_figures(config["training_data"]["fingerprint"])
    del figures["leak_by_kind"]
    with pytest.raises(CardError, match="leak_by_kind"):
        card(config, sources.read_sources(), figures)


def test_a_model_that_does_not_say_what_it_learned_from_gets_no_card(tmp_path: Path) -> None:
    result = run("card", "--model", tmp_path, "--evaluation", tmp_path / "evaluation.json")
    assert result.exit_code == 1
    assert "python -m training evaluate" in result.stderr
    config = a_config()
    del config["training_data"]
    with pytest.raises(CardError, match="python -m training fit"):
        card(config, sources.read_sources())


def a_config() -> dict[str, object]:
    record = {"fingerprint": "fedcba9876543210", **describe(own_pages(4))}
    counts = {"documents": 4, "groups": 4, "blocks": 100, "promo_blocks": 10}
    return {"name": "paywallclf", "version": "1", "parameters": {"loss_budget": 0.003}, "training_data": record, **counts}


def some_figures(fingerprint: str) -> dict[str, object]:
    def rate(part: int, whole: int) -> dict[str, float]:
        return {"value": part / whole if whole else float("nan"), "part": part, "whole": whole, "low": 0.01, "high": 0.6}

    curve = {"model": "paywallclf", "aim": "0.3 %"}
    columns = ("promo blocks leaked", "pages leaking", "editorial words lost")
    return {
        "training_data": fingerprint,
        "default_threshold": [{"figure": "promo blocks leaked", "value": rate(5, 100)}],
        "leak_and_loss": [{**curve, **{column: rate(1, 100) for column in columns}}],
        "average_precision": [{"model": "paywallclf", "over all blocks": 0.9, "promo against editorial": 0.95}],
        "leak_by_kind": [{"kind": "paywall", "at 0.3 %": rate(2, 100)}, {"kind": "app", "at 0.3 %": rate(20, 100)}],
        "default_by_language": [{"language": "en", "promo blocks": 100, "editorial words lost": rate(3, 1000)}],
        "leak_by_language": [
            {"language": language, "at 0.3 %": rate(*counts)}
            for language, counts in {"en": (4, 100), "ko": (50, 100), "xx": (0, 0)}.items()
        ],
    }
