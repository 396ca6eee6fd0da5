"""HTML in, blocks out, HTML back: what a block is, and what goes with it."""

from __future__ import annotations

import pytest

from paywallclf import parse_html, render

pytestmark = pytest.mark.filterwarnings("ignore:nearly all")


def texts(html):
    return [block.text for block in parse_html(html).blocks]


# -- what a block is -----------------------------------------------------------------------------------------------------


def test_a_paragraph_with_inline_markup_is_one_block():
    assert texts("<p>Rain <b>fell</b> on\n  <a href=/x>Friday</a>.</p>") == ["Rain fell on Friday."]


def test_text_beside_a_block_level_element_is_a_block_of_its_own():
    assert texts("<div>before<p>inside</p>after</div>") == ["before", "inside", "after"]


def test_two_line_breaks_part_blocks_and_one_does_not():
    assert texts("<p>one<br>two<br> <br/>three</p>") == ["one two", "three"]


def test_buttons_and_labels_are_blocks_of_their_own():
    html = "<form>Stay informed <label>E-mail <input></label> <button>Sign up</button> any time</form>"
    assert texts(html) == ["Stay informed", "E-mail", "Sign up", "any time"]


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>var x = '<p>no</p>'</script>",
        "<style>p { color: red }</style>",
        "<template><p>no</p></template>",
        "<svg><text>no</text><title>no</title></svg>",
        "<math><mi>no</mi></math>",
        "<noscript><p>no</p></noscript>",
        "<iframe>no</iframe>",
        "<object>no<p>no</p></object>",
        "<select><option>no</select>",
        "<textarea><p>no</p></textarea>",
        "<video>no</video>",
        "<!-- <p>no</p> -->",
        "<!----><!-- <p>no</p> --!>",
        "<?php echo 1 ?>",
        '<script>if (a < b) c = "<!-- <script> d </script> -->"</script>',
        "<SCRIPT><!-- <Script> a </Script> </p> --></SCRIPT>",
        "<script><!-- a </script><!-- <p>no</p> -->",
        "<template><template><p>no</p></template><script>'</template>'</script></template>",
        "<svg><svg></svg><style>a > b</style><foreignObject><textarea></svg></textarea><p>no</p></foreignObject></svg>",
        "<object><!-- </object> --><object><p title='</object>'>no</p></object></object>",
        '<select title="<p>no</p>" data-a=\'"\' <=">"><option>no</select>',
    ],
)
def test_what_no_reader_sees_as_text_of_the_page_holds_no_blocks(hidden):
    assert texts(f"<div><p>yes</p>{hidden}<p>too</p></div>") == ["yes", "too"]


def test_the_title_is_no_block_even_where_the_head_is_missing():
    assert texts("<title>The paper</title><p>Rain fell.</p>") == ["Rain fell."]


def test_block_knows_its_element_and_the_way_to_it():
    block = parse_html("<!doctype html><body><main><ul><li><b>Bread</b></ul></main>").blocks[0]
    assert (block.tag, block.path) == ("li", "html/body/main/ul/li")


def test_equal_texts_have_fingerprints_that_differ_in_their_number_alone():
    first, _, second = [block.fingerprint for block in parse_html("<p>Read  more</p><p>x</p><p>read more</p>").blocks]
    assert first.split("-")[0] == second.split("-")[0]
    assert (first[-2:], second[-2:]) == ("-1", "-2")


# -- what comes back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "html",
    [
        "<p>unclosed <b>bold",
        "\ufeff<!DOCTYPE html PUBLIC '-//W3C//DTD HTML 4.01//EN'>\r\n<HTML><BODY bgcolor=white>x</BODY></HTML>\r\n<!-- end -->",
        "<p title='a'>5 < 6 &copy; \ud800</p>",
        "",
        " \n ",
    ],
)
def test_a_page_with_nothing_to_drop_comes_back_to_the_character(html, html_document):
    assert render(html_document(html)) == html


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>kept</p> <p>promo</p> <p>too</p>", "<p>kept</p>  <p>too</p>"),
        ("kept<p>promo</p>", "kept"),
        ("<tr><td>kept</td></tr><tr><td>promo</td></tr>", "<tr><td>kept</td></tr>"),
        ("<li>kept<li>promo", "<li>kept</li>"),
        ("<header>kept</header><p>promo</p>", "<header>kept</header>"),
        ("<head-line>kept</head-line><p>promo</p>", "<head-line>kept</head-line>"),
        ("<!-- <body> --><p>kept</p><p>promo</p>", "<!-- <body> --><p>kept</p>"),
        ("<script>a = '<body>'</script><p>kept</p><p>promo</p>", "<script>a = '<body>'</script><p>kept</p>"),
        ("<col>kept<p>promo</p>", "<colgroup><col></colgroup>kept"),
    ],
)
def test_a_fragment_comes_back_a_fragment(html, expected, html_document):
    assert render(html_document(html, "promo")) == expected


def test_a_page_keeps_its_frame_head_and_comments(html_document):
    html = (
        "<!-- a --><!DOCTYPE html><html lang=en><head><title>T</title><meta name=a content=b></head>"
        "<body class=c><main><article><p>promo</p></article></main></body></html><!-- b -->"
    )
    assert render(html_document(html, "promo")) == (
        '<!-- a --><!DOCTYPE html><html lang="en"><head><title>T</title><meta name="a" content="b"></head>'
        '<body class="c"><main><article></article></main></body></html><!-- b -->'
    )


@pytest.mark.parametrize(
    "text",
    [
        "\u013c \u013e \u0122 \u013d",  # the lower byte of each is that of <, >, " or =
        "\u3c00 \u3e00 \u2200 \u3d3d \u3c3c",  # the upper one, or both
        "\U0001f33c \U0001d322 \u3c00 \U00023c3c",
        "\u0085\u00a0\u1680\u2003\u2029\u3000.",  # white space of every range
    ],
)
def test_characters_made_of_the_bytes_of_markup_are_text(text, html_document):
    written = text.replace("\u00a0", "&nbsp;")
    kept = f'<p title="{written}">one {written}</p><!-- {text} > - -> --><script>"{text}" < 1</script>'
    document = html_document(f'{kept}<p id="b" alt="=">two</p>', "two")
    assert [block.text for block in document.blocks] == [f"one {' '.join(text.split())}", "two"]
    assert render(document) == kept


def test_the_doctype_and_xml_declaration_of_an_xhtml_page_are_kept(html_document):
    prolog = (
        "<?xml version='1.0' encoding='utf-8'?>\n<!-- a --> <!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\"\n"
        ' "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">'
    )
    output = render(html_document(f"{prolog}<html><body><p>kept</p><p>promo</p></body></html>", "promo"))
    assert output.startswith("<?xml version='1.0' encoding='utf-8'?>")
    assert prolog[prolog.index("<!DOCTYPE") :] in output
    assert "kept" in output


def test_text_of_a_doctype_within_a_comment_is_not_taken_for_the_doctype(html_document):
    html = "<!--><p>kept</p><!-- --><!doctype nonsense><p>promo</p>"
    assert render(html_document(html, "promo")).count("kept") == 1


def test_a_byte_order_mark_left_in_a_str_neither_moves_the_head_into_the_body_nor_is_lost(html_document):
    html = "\ufeff<!doctype html><html><head><meta name=a></head><body><p>kept</p><p>promo</p></body></html>"
    assert render(html_document(html, "promo")) == (
        '\ufeff<!doctype html><html><head><meta name="a"></head><body><p>kept</p></body></html>'
    )


def test_an_image_in_a_noscript_does_not_end_the_head(html_document):
    html = "<html><head><noscript><img src=/pixel></noscript><meta name=a></head><body><p>kept</p><p>promo</p></body></html>"
    output = render(html_document(html, "promo"))
    assert output == ('<html><head><noscript><img src=/pixel></noscript><meta name="a"></head><body><p>kept</p></body></html>')


def test_text_that_looks_like_markup_does_not_become_markup(html_document):
    html = "<p title='\"&lt;&amp;amp;'>&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp;</p><p>promo</p>"
    output = render(html_document(html, "promo"))
    assert "<script" not in output
    assert texts(output) == ["<script>alert(1)</script> &amp;"]
    assert parse_html(output).layout.attributes[0] == {"title": '"<&amp;'}


@pytest.mark.parametrize("name", ["pre", "listing", "textarea"])
def test_the_first_empty_line_of_preformatted_text_is_kept(name, html_document):
    output = render(html_document(f"<{name}>\n\nx</{name}><p>promo</p>", "promo"))
    assert output == f"<{name}>\n\nx</{name}>"


def test_a_plaintext_element_does_not_swallow_what_is_written_after_it(html_document):
    output = render(html_document("<html><body><p>promo</p><plaintext>1 < 2 <b>", "promo"))
    assert output == "<html><head></head><body><pre>1 &lt; 2 &lt;b&gt;</pre></body></html>"


def test_a_misnested_form_still_parts_the_texts_around_it(html_document):
    html = "<form class=a><div>one</form><form class=b>two</form>three</div><p>promo</p>"
    output = render(html_document(f"<html><body>{html}</body></html>", "promo"))
    assert texts(output) == ["one", "two", "three"]


def test_a_frameset_page_survives(html_document):
    html = "<html><frameset><frame src=a><noframes>none</noframes></frameset></html>"
    assert texts(html) == []
    assert render(html_document(html)) == html


def test_text_directly_in_a_table_is_kept(html_document):
    output = render(html_document("<table>loose<tr><td>cell<tr><td>promo</table>", "promo"))
    assert texts(output) == ["loose", "cell"]


# -- what goes with a block ----------------------------------------------------------------------------------------------


def test_an_element_of_dropped_blocks_goes_whole_with_its_images_inputs_and_buttons(html_document):
    html = (
        "<p>kept</p><div class=box><img src=a><h3>promo</h3><form><input name=mail><select><option>no</select>"
        "<button>promo</button></form><svg></svg></div>"
    )
    assert render(html_document(html, "promo")) == "<p>kept</p>"


@pytest.mark.parametrize("name", ["main", "article"])
def test_the_frame_of_an_article_stays_when_it_is_empty(name, html_document):
    assert render(html_document(f"<{name}><p>promo</p></{name}>", "promo")) == f"<{name}></{name}>"


@pytest.mark.parametrize(
    "servant", ["<script>track()</script>", '<meta itemprop="a" content="b">', '<link itemprop="a" href="b">']
)
def test_an_element_that_serves_the_page_stays_with_those_that_hold_it(servant, html_document):
    html = f"<p>kept</p><section><div><p>promo</p>{servant}</div><p>promo</p></section>"
    assert render(html_document(html, "promo")) == f"<p>kept</p><section><div>{servant}</div></section>"


@pytest.mark.parametrize("media", ['<figure><img src="lead"></figure>', '<video src="lead"></video>'])
def test_a_lead_picture_beside_kept_text_stays_where_all_else_in_its_element_goes(media, html_document):
    html = f"<h1>kept</h1><div>{media}<div><p>promo</p></div></div>"
    assert render(html_document(html, "promo")) == f"<h1>kept</h1><div>{media}</div>"


def test_a_picture_among_dropped_blocks_goes(html_document):
    html = "<p>kept</p><div><p>promo</p><figure><img></figure><p>promo</p></div>"
    assert render(html_document(html, "promo")) == "<p>kept</p>"


def test_a_picture_whose_caption_is_kept_stays(html_document):
    html = '<div><p>promo</p><figure><img src="a"><figcaption>kept</figcaption></figure></div>'
    expected = '<div><figure><img src="a"><figcaption>kept</figcaption></figure></div>'
    assert render(html_document(html, "promo")) == expected


def test_an_image_within_a_dropped_run_goes_and_one_beside_it_stays(html_document):
    html = '<div><p>kept</p><img src="a">Sign up <img src="b"> today<img src="c"></div>'
    output = render(html_document(html, "Sign up today"))
    assert output == '<div><p>kept</p><img src="a"><img src="c"></div>'


def test_line_breaks_after_a_dropped_run_go_with_it(html_document):
    html = "<p>one<br><br>promo<br><br>two</p>"
    assert render(html_document(html, "promo")) == "<p>one<br><br>two</p>"


def test_a_link_around_a_dropped_element_goes_though_text_stands_before_it(html_document):
    html = '<div>kept <a href="/pay"><div>promo</div><img src="a"></a></div>'
    assert render(html_document(html, "promo")) == "<div>kept </div>"


def test_two_kept_texts_do_not_run_together_where_a_block_between_them_goes(html_document):
    html = "<div>one<p>promo <b>x</b></p>two</div>"
    output = render(html_document(html, "promo x"))
    assert output == "<div>one<p></p>two</div>"
    assert texts(output) == ["one", "two"]


@pytest.mark.parametrize("between", ["<b><div>promo</div></b>", "<b><br><br>promo<br><br></b>", "<i><b><p>promo</p></b></i>"])
def test_nor_where_an_inline_element_with_line_breaks_goes(between, html_document):
    assert texts(render(html_document(f"<div>one{between}two</div>", "promo"))) == ["one", "two"]


def test_an_inline_element_keeps_its_kept_half(html_document):
    assert render(html_document("<b>one<br><br>promo</b>", "promo")) == "<b>one<br><br></b>"


# -- other forms ---------------------------------------------------------------------------------------------------------


def test_text_form_is_the_kept_blocks_parted_by_blank_lines(html_document):
    document = html_document("<h1>Head</h1><p>promo</p><p>5 &lt; 6<br>yes</p>", "promo")
    assert render(document, form="text") == "Head\n\n5 < 6 yes"


def test_marking_keeps_everything_and_names_what_would_go(html_document):
    html = "<div><p>kept</p>promo<p>promo <b>x</b></p></div>"
    output = render(html_document(html, "promo", "promo x"), mark=True)
    assert output == (
        '<div><p>kept</p><span data-paywallclf="promo">promo</span><p data-paywallclf="promo">promo <b>x</b></p></div>'
    )


def test_marking_inline_elements_marks_each_text_once(html_document):
    output = render(html_document("<div><p>kept</p><b>pro</b>mo</div>", "promo"), mark=True)
    assert output == ('<div><p>kept</p><b data-paywallclf="promo">pro</b><span data-paywallclf="promo">mo</span></div>')


def test_marking_plain_text_is_refused(html_document, text_document):
    with pytest.raises(ValueError, match="no attributes"):
        render(text_document("a", 0), mark=True)
    with pytest.raises(ValueError, match="no attributes"):
        render(html_document("<p>a</p>"), mark=True, form="text")


def test_an_unknown_form_is_refused(html_document):
    with pytest.raises(ValueError, match="form must be"):
        render(html_document("<p>a</p>"), form="markdown")


def test_a_document_without_labels_cannot_be_rendered():
    with pytest.raises(ValueError, match="no labels"):
        render(parse_html("<p>a</p>"))
