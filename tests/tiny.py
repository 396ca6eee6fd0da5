"""A dozen own-written documents, their labels, and a classifier that is small enough to be fitted inside a test."""

from __future__ import annotations

from functools import cache

from threadpoolctl import threadpool_limits

from paywallclf import Document, PaywallClassifier, parse_html, parse_text

# matrices this small are multiplied sooner than BLAS's threads have met, above all on a busy machine
threadpool_limits(1)

#: Settings with which a fit takes a tenth of a second.
SMALL = {
    "text_bits": 12,
    "markup_bits": 10,
    "kind_bits": 10,
    "epochs": 4,
    "hidden": 8,
    "members": 1,
    "network_epochs": 3,
    "cv": 2,
}

# site, kind of its promos, promos, editorial sentences
_SITES = [
    (
        "harbour",
        "subscribe",
        ["Subscribe now for one pound a week", "Unlimited access on every device, cancel any time"],
        [
            "The ferry left the harbour at six, an hour late, with forty lorries on its lower deck.",
            "Nobody on the quay could say when the next one would sail.",
            "The council will vote on the new pier in March.",
        ],
    ),
    (
        "berge",
        "newsletter",
        ["Jetzt unseren Newsletter abonnieren", "Jeden Morgen das Wichtigste in Ihr Postfach"],
        [
            "Im Tal lag am Dienstag schon der erste Schnee, drei Wochen früher als im Jahr davor.",
            "Die Seilbahn fährt trotzdem erst im Dezember.",
            "Der Wirt der oberen Hütte rechnet mit einem guten Winter.",
        ],
    ),
    (
        "vallée",
        "paywall",
        ["Cet article est réservé à nos abonnés", "Déjà abonné ? Connectez-vous pour lire la suite"],
        [
            "Le maire a inauguré jeudi le pont de pierre, fermé depuis la crue du printemps.",
            "Les camions devront encore attendre l'été.",
            "La rivière, elle, est revenue dans son lit.",
        ],
    ),
    (
        "島",
        "register",
        ["無料会員登録はこちら", "会員になると続きをお読みいただけます"],
        [
            "島の灯台は百年ぶりに塗り直され、土曜日に公開された。",
            "作業には地元の漁師も加わったという。",
            "来年は港の倉庫も修理される予定だ。",
        ],
    ),
]


def page(site: str, sentences: list[str], promos: list[str]) -> str:
    """A page as publishers build them: navigation, an article, an offer, a footer."""
    body = "".join(f'<p class="text">{sentence}</p>' for sentence in sentences)
    offer = "".join(f'<div class="offer-line">{promo}</div>' for promo in promos)
    return (
        f'<!DOCTYPE html><html><head><title>{site}</title></head><body class="page"><ul class="menu"><li><a href="/">{site}</a></li>'
        f'<li><a href="/news">News</a></li></ul><article class="story">{body}</article>'
        f'<aside class="offer" id="offer">{offer}</aside><footer class="foot">{site} 2026</footer></body></html>'
    )


def documents() -> tuple[list[Document], list[list[str]], list[str]]:
    """Twelve documents of four sites, two pages and a text each; their labels; their groups."""
    found: list[Document] = []
    labels: list[list[str]] = []
    groups: list[str] = []
    for site, kind, promos, sentences in _SITES:
        promo = f"promo:{kind}"
        for first in (0, 1):
            chosen = sentences[first : first + 2]
            found.append(parse_html(page(site, chosen, promos)))
            labels.append(["other", "other", *["editorial"] * len(chosen), *[promo] * len(promos), "other"])
        found.append(parse_text("\n\n".join([*sentences, *promos])))
        labels.append(["editorial"] * len(sentences) + [promo] * len(promos))
        groups += [site] * 3
    return found, labels, groups


def small(**parameters: object) -> PaywallClassifier:
    """A classifier that has learned nothing yet."""
    return PaywallClassifier(**{**SMALL, **parameters})


@cache
def fitted() -> PaywallClassifier:
    """The small classifier, fitted to the dozen once for all tests: not to be fitted again or changed."""
    return small().fit(*documents())
