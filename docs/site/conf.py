"""How Sphinx makes the site out of what scripts/docs.sh has put together."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

header = (pathlib.Path(__file__).parent / "sessionlocker.h").read_text()
number = [re.search(rf"#define SLK_VERSION_{part} (\d+)", header).group(1) for part in ("MAJOR", "MINOR", "PATCH")]

project = "SessionLocker"
version = release = ".".join(number)
html_title = f"SessionLocker {release}"
copyright = "the SessionLocker authors; MIT or Apache-2.0"  # noqa: A001

extensions = ["myst_parser", "c_names", "diagrams"]
myst_enable_extensions = ["colon_fence"]
# As on the web pages of repositories, so that links to headings work in both places.
myst_heading_anchors = 4
suppress_warnings = [
    # `output` and `console` are no languages that could be highlighted.
    "misc.highlighting_failure",
]

html_theme = "furo"
html_static_path = ["style.css"]
html_css_files = ["style.css"]
html_copy_source = False
html_show_sourcelink = False
html_use_index = True
# The summaries are fetched from the pages, which a browser does not allow in the file system.
html_show_search_summary = False
html_theme_options = {"navigation_with_keys": False}
# Colours with enough contrast for text; those of the theme are too faint in places.
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

# Without it the modules that the site is made with would be taken for pages.
exclude_patterns = ["*.py"]
c_id_attributes = ["SLK_API", "SLK_NODISCARD"]
