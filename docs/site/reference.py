"""Writes the C reference, one page for each part of the header: reference.py HEADER FOLDER.

All is taken from the header: each function, struct, field, type and constant with its comment. What has no comment is
an error, and so is a line that is not understood."""

import pathlib
import re
import sys
import textwrap

SECTION = re.compile(r"^/\* ---- (.+?) ---- \*/$")
FACTS = re.compile(r"^((?:Thread|Blocks|Since)\b.*)$")


def comment_text(lines):
    """What a comment says, without its stars."""
    text = "\n".join(lines).strip()
    text = re.sub(r"^/\*\*?", "", text)
    text = re.sub(r"\*/$", "", text)
    return textwrap.dedent("\n".join(re.sub(r"^\s*\* ?", "", line) for line in text.split("\n"))).strip()


def as_list(lines):
    """Indented lines of `name`: words, each with what follows it, as a list."""
    items = []
    for line in textwrap.dedent("\n".join(lines)).split("\n"):
        if line.startswith("`") or not items:
            items.append(line.strip())
        elif line.strip().startswith("`") and re.match(r"`\w+`[^.]*: ", line.strip()):
            items.append("  - " + line.strip())
        elif items[-1].startswith("  - "):
            items[-1] += "\n    " + line.strip()
        else:
            items[-1] += "\n  " + line.strip()
    return "\n".join(item if item.startswith("  - ") else "- " + item for item in items)


def as_markdown(text):
    """A comment of the header as Markdown: its lists become lists, its headwords bold."""
    out, lines = [], text.split("\n")
    while lines:
        line = lines.pop(0)
        indented = []
        while lines and lines[0].startswith("  "):
            indented.append(lines.pop(0))
        head = re.match(r"^(Parameters|Returns)\b(.*)$", line)
        if head:
            line = f"\n**{head[1]}**{head[2]}"
        elif FACTS.match(line):
            line = f"\n*{line}*" if "*" not in line and line.endswith(".") else f"\n{line}"
        out.append(line)
        if indented:
            out.append("\n" + as_list(indented) + "\n")
    # Facts that go on in a second line are one paragraph.
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip()


def directive(kind, signature, text, inner="", depth=3):
    fence = ":" * depth
    return f"{fence}{{c:{kind}}} {signature}\n\n{as_markdown(text)}\n{inner}\n{fence}\n"


def one_line(code):
    return re.sub(r"\s+", " ", code).strip()


class Part:
    """A part of the header, as it is read."""

    def __init__(self, title):
        self.title, self.entries = title, []

    def define(self, line, text):
        name, _, value = line.removeprefix("#define ").partition(" ")
        value = value.rstrip(" \\").strip()
        if value and value != "{":
            text = f"`{value.strip('()')}`: {text}"
        self.entries.append(("constants", directive("macro", name, text)))

    def struct(self, code, text):
        name = re.match(r"typedef struct (\w+) \{", code).group(1)
        body = code[code.index("{") + 1 : code.rindex("}")]
        fields = []
        for words, field in re.findall(r"/\*\*(.*?)\*/\s*([^;]+);", body, re.DOTALL):
            fields.append(directive("member", one_line(field), comment_text(["/**" + words + "*/"])))
        without = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
        if without.count(";") != len(fields):
            raise SystemExit(f"reference: {name} has a field without a comment")
        self.entries.append(("structs", directive("struct", name, text, "\n" + "\n".join(fields), 4)))

    def declaration(self, code, text):
        code = one_line(code).rstrip(";")
        if code.startswith("typedef "):
            code = code.removeprefix("typedef ")
            # A plain type is written the other way round in the reference: the new name first.
            kind, title = "type", "types"
            if "(" not in code:
                old, _, new = code.rpartition(" ")
                code, text = new, f"Is `{old}`.\n\n{text}"
        else:
            kind, title = "function", "functions"
            code = code.replace("SLK_NODISCARD ", "").replace("SLK_API ", "")
        self.entries.append((title, directive(kind, code, text)))

    def page(self):
        out = [f"# {self.title.split(':')[0]}\n"]
        for title in ("functions", "structs", "types", "constants"):
            texts = [text for kind, text in self.entries if kind == title]
            if texts:
                out += [f"## {title.capitalize()}\n", *texts]
        return "\n".join(out)

    def file_name(self):
        name = self.title.split(":")[0].lower()
        return re.sub(r"[^a-z]+", "-", name).strip("-")


def read(header):
    """The parts of the header. Everything before the first one is its introduction."""
    lines = header.split("\n")
    parts, comment = [Part("Macros")], None
    for words, line in re.findall(r"^/\* (.+) \*/\n(#define .+)$", header, re.MULTILINE):
        parts[0].define(line, words)
    at = next(index for index, line in enumerate(lines) if SECTION.match(line))
    while at < len(lines):
        line = lines[at]
        at += 1
        section = SECTION.match(line)
        if section:
            parts.append(Part(section.group(1)))
        elif line.startswith("/**"):
            taken = [line]
            while not taken[-1].rstrip().endswith("*/"):
                taken.append(lines[at])
                at += 1
            comment = comment_text(taken)
        elif line.startswith("#define "):
            while lines[at - 1].endswith("\\"):
                at += 1
            parts[-1].define(line, comment_of(comment, line))
            comment = None
        elif line.startswith("#ifdef __cplusplus"):
            break
        elif line.strip():
            code = [line]
            while not (code[-1].startswith("}") if "struct" in code[0] and "{" in code[0] else code[-1].endswith(";")):
                code.append(lines[at])
                at += 1
            read_code(parts[-1], "\n".join(code), comment)
            comment = None
    return parts


def comment_of(comment, what):
    if not comment:
        raise SystemExit(f"reference: no comment: {what}")
    return comment


def read_code(part, code, comment):
    text = comment_of(comment, code)
    if code.startswith("typedef struct") and "{" in code:
        part.struct(code, text)
    elif code.startswith(("typedef ", "SLK_API ", "SLK_NODISCARD SLK_API ")):
        part.declaration(code, text)
    else:
        raise SystemExit(f"reference: not understood: {code}")


def introduction(header):
    """The words at the top of the header, as a table."""
    text = comment_text([header[: header.index("*/") + 2]])
    rows, before = [], []
    for line in text.split("\n"):
        word = re.match(r"^([A-Z][a-z]+) {2,}(.+)$", line)
        if word:
            rows.append([word[1], word[2]])
        elif rows and line.startswith("      "):
            rows[-1][1] += " " + line.strip()
        elif not line.startswith(("SPDX", "Generated")):
            before.append(line)
    table = "\n".join(f"| **{name}** | {linked(words)} |" for name, words in rows)
    return "\n".join(before).strip() + "\n\n| | |\n|---|---|\n" + table + "\n"


def linked(words):
    """Names in plain text become code, so that they are linked."""
    return re.sub(r"(?<![`\w])((?:slk|SLK)_\w+)(?:\(\))?", r"`\1`", words)


def main():
    header = pathlib.Path(sys.argv[1]).read_text()
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    parts = [part for part in read(header) if part.entries]
    names = []
    for part in parts:
        names.append(part.file_name())
        (folder / f"{names[-1]}.md").write_text(part.page())
    if len(set(names)) != len(names):
        raise SystemExit("reference: two parts of one name")
    tree = "\n".join(["```{toctree}", ":maxdepth: 1", "", *names, "```", ""])
    index = f"# C reference\n\nMade from `include/sessionlocker.h`.\n\n{introduction(header)}\n## Parts\n\n{tree}"
    (folder / "index.md").write_text(index)


if __name__ == "__main__":
    main()
