"""Lines are broken between words in the editor, and the arrow keys move by what is seen."""

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.layout.utils import explode_text_fragments
from prompt_toolkit.utils import get_cwidth


class WordWrap(Processor):
    """Fills a row with blanks where the next word does not fit, so that none is cut in two.

    prompt_toolkit itself breaks lines wherever the row ends.
    """

    def __init__(self, prefix: int) -> None:
        """`prefix` is the number of columns before the text of each row."""
        self._prefix = prefix

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Return the line with its blanks, and how places in both belong together."""
        fragments = explode_text_fragments(transformation_input.fragments)
        text = fragment_list_to_text(fragments)
        width = transformation_input.width - self._prefix
        filled: StyleAndTextTuples = []
        places: list[int] = []  # in what is shown, of each character
        starts = row_starts(text, width)
        for start, end in zip(starts, [*starts[1:], None], strict=True):
            row = fragments[start:end]
            places += range(len(filled), len(filled) + len(row))
            filled += row
            if end is not None:
                filled += [("", " ")] * (width - get_cwidth(text[start:end]))
        places.append(len(filled))

        def shown(place: int) -> int:
            return places[min(place, len(places) - 1)]

        def source(place: int) -> int:
            return max((at for at, one in enumerate(places) if one <= place), default=0)

        return Transformation(filled, source_to_display=shown, display_to_source=source)


def row_starts(line: str, width: int) -> list[int]:
    """Return where each row of a line begins that is broken between words to a width in columns.

    A word that is wider than a row is cut.

    >>> row_starts("Leads get lost", 10), row_starts("Leads", 3), row_starts("", 5)
    ([0, 10], [0, 3], [0])
    """
    starts, used, word = [0], 0, 0  # columns of the row; where the word begins
    for place, letter in enumerate(line):
        columns = get_cwidth(letter)
        if used + columns > max(width, 2):
            starts.append(word if word > starts[-1] else place)
            used = get_cwidth(line[starts[-1] : place])
        used += columns
        if letter == " ":
            word = place + 1
    return starts


def moved(document: Document, rows: int, width: int) -> int:
    r"""Return where the cursor is a number of rows below (or above, if less than 0) where it is.

    >>> moved(Document("Leads get lost", 12), -1, 10), moved(Document("a\nb", 0), 1, 10)
    (2, 2)
    """
    starts, at = list[int](), 0
    for line in document.lines:
        starts += (at + start for start in row_starts(line, width))
        at += len(line) + 1
    ends = [*(start - 1 for start in starts[1:]), len(document.text)]
    cursor = document.cursor_position
    here = max(row for row, start in enumerate(starts) if start <= cursor)
    there = min(max(here + rows, 0), len(starts) - 1)
    if there == here:
        return 0 if rows < 0 else len(document.text)
    return min(starts[there] + cursor - starts[here], ends[there])
