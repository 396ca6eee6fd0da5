"""The baselines and the measures of the peers: honest, and what they say they are."""

from __future__ import annotations

import numpy as np
import pytest

from training.baselines import LONGEST_PROMO, TfidfBaseline, regex_scores
from training.peers import PEERS, available, is_in, kept_words, squeeze, versions

PROMOS = [
    "Subscribe to continue reading",
    "Already a subscriber? Log in",
    "You have 2 free articles left this month.",
    "Sign up for our free daily newsletter",
    "Follow us on Instagram",
    "Download our app",
    "Please consider making a donation today: your donation helps us keep reporting.",
    "We don’t do this alone. Support our independent journalism.",
    "SUBSCRIBE NOW!",
    "Jetzt abonnieren und weiterlesen",
    "Sie sind bereits Abonnent? Hier anmelden",
    "Melden Sie sich hier für den Newsletter an",
    "Abonnez-vous pour lire la suite",
    "Déjà abonné ? Connectez-vous",
    "Suscríbete para seguir leyendo",
    "¿Ya eres suscriptor? Inicia sesión",
    "Abbonati per continuare a leggere",
    "Assine para continuar lendo",
    "Meld je aan voor de nieuwsbrief",
    "Zaloguj się, aby czytać dalej",
    "Подпишитесь на наш телеграм-канал",
    "Підпишіться на наш канал",
    "Logga in för att läsa vidare",
    "Tilmeld dig vores nyhedsbrev",
    "Devamını okumak için abone olun",
    "Εγγραφείτε στο newsletter μας",
    "この記事は会員限定です",
    "無料会員登録",
    "뉴스레터 구독하기",
    "订阅后即可阅读全文",
    "立即訂閱",
    "اشترك الآن في نشرتنا البريدية",
    "הירשמו לניוזלטר",
    "Langganan sekarang",
    "สมัครสมาชิกเพื่ออ่านต่อ",
]

EDITORIAL = [
    "The council voted on Tuesday to close the old bridge to lorries.",
    "Netflix said it had lost 200,000 subscribers in the first quarter.",
    "The newsletter that the club sends to its members was first printed in 1932.",
    "Her foundation gave away a donation of two million pounds.",
    "The app was downloaded a million times in its first week.",
    "The committee followed the advice of its own experts.",
    "Der Verlag zählte im Herbst mehr Abonnenten als im Jahr davor.",
    "Le journal compte aujourd'hui trente mille abonnés dans la région.",
    "El periódico perdió suscriptores durante la huelga de abril.",
    "Il settimanale ha perso abbonati dopo lo sciopero.",
    "O jornal tem hoje menos assinantes do que a rádio local.",
    "Газета потеряла треть подписчиков за два года.",
    "新聞の購読者は十年で半分になった。",
    "신문 구독자는 십 년 만에 절반으로 줄었다.",
    "报纸的订阅量十年间减少了一半。",
]


@pytest.mark.parametrize("text", PROMOS)
def test_regex_strikes_plain_promos(text: str) -> None:
    assert regex_scores([text]).tolist() == [1.0]


@pytest.mark.parametrize("text", EDITORIAL)
def test_regex_spares_editorial_lines(text: str) -> None:
    assert regex_scores([text]).tolist() == [0.0]


def test_regex_spares_long_paragraphs() -> None:
    paragraph = "Subscribe to continue reading. ".ljust(LONGEST_PROMO, "x")
    assert regex_scores([paragraph, paragraph[:-1]]).tolist() == [0.0, 1.0]


def test_regex_ignores_case_and_the_form_of_apostrophe_and_space() -> None:
    assert regex_scores(["DON'T MISS A STORY", "Don’t miss a story"]).tolist() == [1.0, 1.0]


def test_regex_scores_of_nothing() -> None:
    assert regex_scores([]).shape == (0,)


def _fitted(**arguments: list[float]) -> TfidfBaseline:
    promos = ["Subscribe to read on", "Sign up for the newsletter", "Subscribe today for full access", "Join our mailing list",
              "Start your free trial", "Become a subscriber"]  # fmt: skip
    editorial = ["The bridge was closed on Monday", "Rain is expected in the north", "The mayor spoke for an hour",
                 "Two goals in the second half", "The museum opens at nine", "Prices of bread rose again"]  # fmt: skip
    return TfidfBaseline().fit(promos + editorial, [True] * 6 + [False] * 6, **arguments)


def test_tfidf_ranks_a_promo_above_an_editorial_line() -> None:
    promo, editorial = _fitted().decision_function(["Subscribe to our newsletter", "The bridge opens again on Monday"])
    assert promo > 0 > editorial


def test_tfidf_weight_counts_as_repetition() -> None:
    texts, labels = ["Subscribe now", "The bridge is closed", "Follow the bridge"], [True, False, True]
    repeated = TfidfBaseline().fit([*texts, texts[2], texts[2]], [*labels, True, True])
    weighted = TfidfBaseline().fit(texts, labels, sample_weight=[1, 1, 3])
    probe = ["the bridge", "follow"]
    np.testing.assert_allclose(repeated.decision_function(probe), weighted.decision_function(probe))


PAGE = (
    '<?xml version="1.0" encoding="utf-8"?><html lang="en"><head><title>The bridge</title></head><body><article><h1>The bridge</h1>'
    + "".join(
        f"<p>Paragraph {number}: the council has said that the old bridge over the river will be closed to lorries,"
        " and that the people of the town were asked for what they think about it before the vote was held, as it was done in the"
        " years when the bridge was built and when the road to the town was moved to where it is now.</p>"
        for number in range(8)
    )
    + "</article></body></html>"
)


@pytest.mark.parametrize("name", sorted(available()))
def test_peer_extracts_the_article(name: str) -> None:
    assert is_in("Paragraph 5: the council has said that the old bridge over the river", squeeze(PEERS[name](PAGE)))


@pytest.mark.parametrize("name", sorted(available()))
@pytest.mark.parametrize("html", ["", "   ", "<", "<!-- nothing -->", "\x00"])
def test_peer_never_raises(name: str, html: str) -> None:
    assert isinstance(PEERS[name](html), str)


def test_versions_of_the_installed() -> None:
    assert versions().keys() == available().keys()


def test_readability_keeps_line_breaks() -> None:
    if "readability-lxml" not in available():
        pytest.skip("not installed")
    assert len([line for line in PEERS["readability-lxml"](PAGE).split("\n") if line.startswith("Paragraph")]) == 8


def test_squeeze_leaves_letters_and_digits() -> None:
    assert squeeze("Ｆull-width, “quotes”\u00a0& 3½ ﬁne") == "fullwidthquotes312fine"


def test_a_block_is_found_across_lost_markup() -> None:
    output = squeeze("Intro.\nThe council’s vote — at last — was held.\nEnd.")
    assert is_in("The council's vote - at last - was held", output)
    assert not is_in("The council's vote was not held", output)


def test_a_long_block_is_found_by_either_end() -> None:
    block = "".join(f"word{number} " for number in range(100))
    squeezed = squeeze(block)
    assert is_in(block, squeezed[:60])
    assert is_in(block, squeezed[-60:])
    assert not is_in(block, squeezed[60:-60])


def test_kept_words_counts_all_or_none() -> None:
    assert kept_words("The bridge is closed.", squeeze("So: the bridge is closed. Again.")) == 4
    assert kept_words("The bridge is open.", squeeze("The bridge is closed.")) == 0
    assert kept_words("* * *", squeeze("* * *")) == 0
