"""Corrections of gold v1: kept apart, and what the figures are with them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from paywallclf import PaywallClassifier
from paywallclf.evaluation import average_precision_estimate
from training.corpus import GoldBlock, LabelledPage
from training.evaluate import BUDGETS, gather, nested_thresholds, outcome, predictions
from training.tables import Tables

CORRECTIONS = Path(__file__).parents[1] / "datasets" / "corrections"


def read_corrections(folder: Path = CORRECTIONS) -> dict[str, dict[str, str]]:
    """For each page that has some, fingerprint → label (``promo:KIND`` for a promo)."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found.setdefault(row["page"], {})[row["fingerprint"]] = row["label"]
    return found


def corrected(page: LabelledPage, corrections: Mapping[str, str]) -> LabelledPage:
    """A page with corrected labels, of our blocks and of the gold blocks that they hold."""
    labels, kinds, gold = list(page.labels), list(page.kinds), list(page.gold)
    for block in page.document.blocks:
        if block.fingerprint not in corrections:
            continue
        label, _, kind = corrections[block.fingerprint].partition(":")
        labels[block.index], kinds[block.index] = label, kind or None
        held = [number for number, one in enumerate(gold) if list(one.ours) == [block.index]]
        for number in held:
            gold[number] = replace(gold[number], label=label, kind=kind or None)
        if label == "promo" and not held:
            gold.append(GoldBlock(block.text, label, kind, {block.index: len(block.text)}))
    return replace(page, labels=labels, kinds=kinds, gold=gold)


def corrections_table(tables: Tables, pages: Sequence[LabelledPage], models: Sequence[PaywallClassifier], n_jobs: int) -> None:
    """Gold v1, and gold v1 with the corrections, beside each other."""
    corrections = read_corrections()
    tables.heading(f"Gold v1, and with {sum(map(len, corrections.values()))} corrections")
    chances, _ = predictions(pages, models, gather(pages), n_jobs)
    scores = chances[:, 1]
    rows = []
    for name, labelled in (
        ("gold v1", pages),
        ("with corrections", [corrected(page, corrections.get(page.id, {})) for page in pages]),
    ):
        blocks = gather(labelled)
        counted = blocks.counted
        precision = average_precision_estimate(blocks.promo[counted], scores[counted], blocks.group[counted])
        found = [outcome(blocks, scores >= nested_thresholds(blocks, scores, budget)[blocks.fold]) for budget in BUDGETS[1:3]]
        rows.append((name, int(np.count_nonzero(blocks.promo & counted)), precision, *(one.leak for one in found)))
    aims = (f"leak at {100 * budget:g} % loss" for budget in BUDGETS[1:3])
    tables.table("corrections", ("labels", "promo blocks", "average precision", *aims), rows)
