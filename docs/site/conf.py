"""The documentation site: every Markdown page of the repository as HTML. `make site` builds it into target/site."""

from pygments.lexers.special import TextLexer

project = "Mayfly"
extensions = ["myst_parser"]
root_doc = "docs/site/index"
# The source directory is the root of the repository, so that links between pages are those that a forge shows.
include_patterns = ["**.md"]
exclude_patterns = ["target", "**/.*", ".*", "**/data", "data", "**/node_modules", "**/dist", "**/secrets"]

# The anchors of a forge: lower case, without punctuation, hyphens for spaces.
myst_heading_anchors = 4
# Blocks without a language are output and drawings.
highlight_language = "text"

html_theme = "furo"
html_title = "Mayfly"
html_copy_source = False
html_show_copyright = False
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
# `index.html` at the top leads to the first page.
html_extra_path = ["top"]
html_theme_options = {"navigation_with_keys": False}


def setup(app):
    """Registers the languages of code blocks that Pygments does not know."""
    for language in ["haproxy", "caddyfile"]:
        app.add_lexer(language, TextLexer)
