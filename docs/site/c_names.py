"""Names of the C interface in running text become links to the reference; a name that the header does not have is a
warning, which ends the build."""

import re

from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)

NAME = re.compile(r"^((?:slk|SLK)_\w*(?:\.\w+)?)(?:\(\))?$")

# Names with the library's prefix that belong to a database, a server or the build, not to the header.
OTHERS = re.compile(
    r"^(slk_records|slk_servers|slk_layout|slk_values|slk_|SLK_STATIC|SLK_CPP_EXCEPTIONS)$"
)


def targets(env):
    """Where each name is explained."""
    found = {}
    for name, _, kind, document, anchor, _ in env.get_domain("c").get_objects():
        if kind != "functionParam":
            found[name] = (document, anchor)
    return found


def link(app, doctree, document):
    known = targets(app.env)
    for literal in list(doctree.findall(nodes.literal)):
        match = NAME.match(literal.astext())
        if not match or isinstance(literal.parent, nodes.reference):
            continue
        name = match.group(1)
        if name not in known:
            # `SLK_EVENT_` stands for all names that begin with it.
            is_prefix = name.endswith("_") and any(other.startswith(name) for other in known)
            if not is_prefix and not OTHERS.match(name):
                logger.warning("the header has no %s", name, location=literal)
            continue
        page, anchor = known[name]
        uri = "" if page == document else app.builder.get_relative_uri(document, page)
        reference = nodes.reference("", "", refuri=f"{uri}#{anchor}", internal=True, classes=["c-name"])
        literal.replace_self(reference)
        reference += literal
    for literal in list(doctree.findall(nodes.literal)):
        if in_table(literal) and len(literal.astext()) > 18:
            may_break(literal)


def in_table(node):
    while node.parent is not None:
        node = node.parent
        if isinstance(node, nodes.entry):
            return True
    return False


def may_break(literal):
    """Lets a long name break behind its parts, which a narrow column needs."""
    parts = re.split(r"(?<=[_./])(?=\w)", literal.astext())
    literal.clear()
    for at, part in enumerate(parts):
        if at:
            literal += nodes.raw("", "<wbr>", format="html")
        literal += nodes.Text(part)


def setup(app):
    app.connect("doctree-resolved", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
