"""Blocks of the language `dot` become drawings within the page, in the colours of the page. It needs Graphviz."""

import html
import re
import subprocess

from docutils import nodes
from sphinx.errors import ExtensionError

# What all drawings share: small enough for a narrow screen, and no colours, which style.css gives.
STYLE = [
    "-Nshape=box", "-Nstyle=rounded", "-Nfontname=Helvetica", "-Nfontsize=13", "-Nmargin=0.12,0.05", "-Nheight=0.3",
    "-Efontname=Helvetica", "-Efontsize=11", "-Earrowsize=0.7", "-Granksep=0.35", "-Gnodesep=0.3", "-Gbgcolor=none",
]


def draw(source: str) -> str:
    """The drawing as SVG that can stand in a page. A comment in the first line says in words what it shows."""
    try:
        done = subprocess.run(["dot", "-Tsvg", *STYLE], input=source, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise ExtensionError("dot is missing: install Graphviz") from None
    except subprocess.CalledProcessError as error:
        raise ExtensionError(f"dot: {error.stderr}\n{source}") from error
    svg = done.stdout[done.stdout.index("<svg"):]
    words = re.match(r"\s*// (.+)", source)
    if not words:
        raise ExtensionError(f"a drawing whose first line does not say what it shows:\n{source}")
    # The titles that dot writes are names of its own, which would show up as tooltips.
    svg = re.sub(r"<title>.*?</title>\n?", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (fill|stroke)="(black|none|white)"', lambda found: f' class="{found[1]}-{found[2]}"', svg, count=0)
    svg = re.sub(r' id="[^"]*"', "", svg)
    label = html.escape(words.group(1), quote=True)
    return f'<div class="diagram">{svg.replace("<svg", f"""<svg role="img" aria-label="{label}" """, 1)}</div>'


def replace(_app, doctree):
    for block in list(doctree.findall(nodes.literal_block)):
        if block.get("language") == "dot":
            block.replace_self(nodes.raw("", draw(block.astext()), format="html"))


def setup(app):
    app.connect("doctree-read", replace)
    return {"parallel_read_safe": True}
