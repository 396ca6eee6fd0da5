"""Pages of our own making, of any size, built as a newsroom's system builds them: for measurements where there is no corpus."""

from __future__ import annotations

import json
import random
import re

#: Share of a page's bytes that are scripts, as on the home pages of newspapers that sell advertisements.
SCRIPT_SHARE = 0.4

#: Sizes (characters) of `pages`: most pages are small, some are large.
SIZES = (20_000, 40_000, 60_000, 80_000, 80_000, 100_000, 120_000, 160_000, 240_000, 400_000)

_WORDS = (
    "the of and to in a that on for was with as by at from has been were will after council harbour river bridge ferry mayor"
    " budget school teacher storm repair winter morning engineer report committee district railway library hospital museum"
    " farmer market village concert orchestra library archive photographer neighbour resident company worker union contract"
    " tunnel island lighthouse captain crew cargo tide weather forecast season festival kitchen bakery recipe garden orchard"
    " said told asked opened closed built moved planned delayed approved rejected measured counted restored announced expects"
    " early late new old small large public local regional former empty careful long quiet sudden several many few dozen"
    " because although while before since until however meanwhile again already perhaps almost nearly barely often rarely"
).split()

_SECTIONS = (
    "Town",
    "Region",
    "Economy",
    "Culture",
    "Sport",
    "Weather",
    "Opinion",
    "Science",
    "Travel",
    "Food",
    "Archive",
    "Photos",
)

_NEWSLETTER = """
<aside class="c-newsletter c-newsletter--inline" data-component="newsletter">
  <h3 class="c-newsletter__title">The Harbour Letter</h3>
  <p class="c-newsletter__text">Get the stories of the coast in your inbox every Friday. Sign up for our free newsletter.</p>
  <form class="c-newsletter__form" action="/newsletter" method="post"><label for="mail{n}">Your email address</label>
  <input id="mail{n}" type="email" name="email" required><button type="submit" class="c-button">Sign me up</button></form>
</aside>"""

_OFFER = """
<section class="c-offer js-offer" id="offer-{n}">
  <h2 class="c-offer__title">Keep reading with a subscription</h2>
  <p>You have read your last free article of this month.</p>
  <ul class="c-offer__benefits"><li>All articles, on every device</li><li>The paper as a PDF, the evening before</li></ul>
  <p class="c-offer__price">Four weeks for 1 euro, then 9 euros a month. Cancel at any time.</p>
  <a class="c-button c-button--primary" href="/subscribe?from=article-{n}">See all offers</a>
</section>"""


def page(size: int, *, seed: int = 0, scripts: bool = True) -> str:
    """A page of about `size` characters; with the same seed the same page.

    Without scripts, the page is the smaller for it: its text is the same.
    """
    random_ = random.Random(seed)
    head, foot = _head(random_), _foot(random_)
    parts, length, n = [], len(head) + len(foot), 0
    while length < size or not parts:
        part = _part(random_, n)
        blob = _script(random_, int(len(part) * SCRIPT_SHARE / (1 - SCRIPT_SHARE)))
        parts += [part, blob]
        length += len(part) + len(blob)
        n += 1
    html = "".join([head, *parts, foot])
    return html if scripts else without_scripts(html)


def pages(*, scripts: bool = True) -> list[str]:
    """A set of pages, one of each of `SIZES`."""
    return [page(size, seed=seed, scripts=scripts) for seed, size in enumerate(SIZES)]


def text(size: int, *, seed: int = 0) -> str:
    """A plain text of about `size` characters, paragraphs parted by blank lines."""
    random_ = random.Random(seed)
    parts, length = [], 0
    while length < size:
        parts.append(_sentences(random_, random_.randint(1, 5)))
        length += len(parts[-1]) + 2
    return "\n\n".join(parts)


def without_scripts(html: str) -> str:
    """The page without its script elements."""
    return re.sub(r"<script\b.*?</script>\s*", "", html, flags=re.DOTALL)


def _sentence(random_: random.Random) -> str:
    words = random_.choices(_WORDS, k=random_.randint(6, 24))
    if len(words) > 12:
        words[len(words) // 2] += ","
    return " ".join(words).capitalize() + "."


def _sentences(random_: random.Random, n: int) -> str:
    return " ".join(_sentence(random_) for _ in range(n))


def _title(random_: random.Random) -> str:
    return " ".join(random_.choices(_WORDS, k=8)).capitalize()


def _links(random_: random.Random, n: int) -> str:
    return "".join(
        f'<li class="c-menu__item"><a class="c-menu__link" href="/{random_.choice(_WORDS)}/{k}" data-track="menu">'
        f"<span>{random_.choice(_SECTIONS)} {random_.choice(_WORDS)}</span></a></li>\n"
        for k in range(n)
    )


def _head(random_: random.Random) -> str:
    title = _title(random_)
    linked_data = json.dumps({"@context": "https://schema.org", "@type": "NewsArticle", "headline": title})
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="description" content="{_sentence(random_)}"><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/assets/site.css"><style>.c-offer {{ padding: 1rem; }} .c-menu {{ margin: 0; }}</style>
<script type="application/ld+json">{linked_data}</script>
</head><body class="page page--article">
<header class="c-header"><a href="/" class="c-logo"><svg width="80" height="20"><path d="M0 0h80v20z"></path></svg></a>
<nav class="c-menu" aria-label="Sections"><ul class="c-menu__list">{_links(random_, 30)}</ul></nav></header>
<main id="content"><article class="c-article"><h1 class="c-article__title">{title}</h1>
<p class="c-article__standfirst">{_sentences(random_, 2)}</p>
<figure class="c-figure"><img src="/images/lead.jpg" alt=""><figcaption>{_sentence(random_)}</figcaption></figure>
"""


def _part(random_: random.Random, n: int) -> str:
    """A stretch of an article and what publishers set between two of them."""
    paragraphs = []
    for _ in range(10):
        text = _sentences(random_, random_.randint(2, 5))
        link = f'<a href="/{random_.choice(_WORDS)}">{_sentence(random_)}</a> <em>{random_.choice(_WORDS)}</em>'
        paragraphs.append(f'<p class="c-article__paragraph">{text} {link if random_.random() < 0.3 else ""}</p>\n')
    cards = "".join(
        f'<div class="c-card"><div class="c-card__media"><a href="/story/{n}-{k}"><img src="/images/{n}-{k}.jpg" alt=""></a></div>'
        f'<div class="c-card__body"><h4 class="c-card__title"><a href="/story/{n}-{k}">{_title(random_)}</a></h4>'
        f'<time class="c-card__time">{random_.randint(1, 28)} March</time></div></div>\n'
        for k in range(6)
    )
    promo = (_NEWSLETTER if n % 2 else _OFFER).format(n=n)
    return (
        f'<h2 class="c-article__heading">{_title(random_)}</h2>\n{"".join(paragraphs)}{promo}\n'
        f'<div class="c-related"><h3>Read also</h3><div class="c-related__list">{cards}</div></div>\n'
    )


def _script(random_: random.Random, size: int) -> str:
    statements = []
    length = 0
    while length < size:
        name = random_.choice(_WORDS)
        statements.append(f'window.__{name}=function(a,b){{if(a<b&&b!=="{name}"){{return "<div>"+a+"</div>"}}return b}};')
        length += len(statements[-1])
    return f"<script>{''.join(statements)}</script>\n"


def _foot(random_: random.Random) -> str:
    return f"""</article></main><aside class="c-sidebar"><h3>Most read</h3><ol>{_links(random_, 10)}</ol></aside>
<footer class="c-footer"><ul>{_links(random_, 20)}</ul><p>{_sentence(random_)}</p><p>All rights reserved.</p></footer>
</body></html>
"""
