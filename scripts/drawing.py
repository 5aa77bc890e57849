"""What pictures.py draws with: boxes of words that never leave them, and arrows, as SVG."""

import dataclasses
import html

PAPER, INNER, INK, FAINT = "#fdfdfb", "#ffffff", "#1f2328", "#57606a"
WIDTH, PAD, BETWEEN, SIZE, LINE = 1000, 12, 24, 13, 18


class Mismatch(Exception):
    """The source is not what this script knows."""


def width_of(text, bold=False):
    """In pixels, and rather too much: of DejaVu Sans, a wide one."""
    ems = sum(1.0 if c in "mwMW" else 0.75 if c.isupper() else 0.4 if c in "ijlft .,:;'" else 0.65 for c in text)
    return int(ems * SIZE * (1.1 if bold else 1)) + 1


def wrap(words, width):
    lines = []
    for word in words:
        if width_of(word) > width:
            raise Mismatch(f"'{word}' is wider than its box: give it more room")
        if lines and width_of(lines[-1] + " " + word) <= width:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


class Drawing:
    def __init__(self):
        self.parts = []

    def rect(self, x, y, width, height, fill):
        self.parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{fill}" '
                          f'stroke="{FAINT}"/>')

    def text(self, x, y, text, fill=INK, bold=False):
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(f'<text x="{x}" y="{y}" fill="{fill}"{weight}>{html.escape(text)}</text>')

    def arrow(self, *points, dashed=False):
        path = " ".join(f"{x},{y}" for x, y in points)
        dashes = ' stroke-dasharray="6 4"' if dashed else ""
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{INK}" stroke-width="1.5"{dashes} '
                          'marker-end="url(#head)"/>')

    def svg(self, height, title):
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'font-family="Helvetica, Arial, sans-serif" font-size="{SIZE}">',
            "<!-- Made by scripts/pictures.py from the tables of the source. -->",
            f"<title>{html.escape(title)}</title>",
            '<defs><marker id="head" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto" '
            f'markerUnits="userSpaceOnUse"><path d="M0,0 L9,4 L0,8 z" fill="{INK}"/></marker></defs>',
            f'<rect width="{WIDTH}" height="{height}" rx="8" fill="{PAPER}"/>', *self.parts, "</svg>", ""])


class Box:
    """A title, a note, and lists of words that may have labels."""

    def __init__(self, fill, width, title, note="", rows=(), text_width=None):
        self.fill, self.width = fill, width
        room = (text_width or width) - 2 * PAD
        heads = [[(0, line, INK, True)] for line in wrap([title] if title else [], room / 1.1)]
        heads += [[(0, line, FAINT, False)] for line in wrap(note.split(), room)]
        indent = max((width_of(label) + PAD for label, _ in rows if label), default=0)
        lists = [line for label, items in rows for line in row_lines(label, items, indent, room)]
        apart = 5 if heads and lists else 0
        self.lines = [(LINE * at, line) for at, line in enumerate(heads)]
        self.lines += [(LINE * at + apart, line) for at, line in enumerate(lists, len(heads))]
        self.height = len(self.lines) * LINE + apart + 2 * PAD - 4

    def draw(self, drawing, x, y, height):
        drawing.rect(x, y, self.width, height, self.fill)
        for below, line in self.lines:
            for indent, text, fill, bold in line:
                drawing.text(x + PAD + indent, y + below + PAD + SIZE - 2, text, fill, bold)


def row_lines(label, items, indent, room):
    """The items with commas, beside their label."""
    words = [item + "," for item in items[:-1]] + items[-1:]
    lines = [[(indent, line, INK, False)] for line in wrap(words, room - indent)]
    if label:
        lines[0].append((0, label, FAINT, False))
    return lines


@dataclasses.dataclass
class Placed:
    top: int
    bottom: int
    inner: list  # (left, right, top, bottom)


def place(drawing, x, y, box, inner=(), left=0, top=PAD):
    """The box, and from `left` on others in it, side by side and of one height."""
    tall = max((each.height for each in inner), default=0)
    height = max(box.height, top + tall + PAD if inner else 0)
    box.draw(drawing, x, y, height)
    places = []
    for each in inner:
        each.draw(drawing, left, y + top, height - top - PAD)
        places.append((left, left + each.width, y + top, y + height - PAD))
        left += each.width + BETWEEN
    return Placed(y, y + height, places)
