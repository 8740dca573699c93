"""The editor and the list of choices, for terminals whose cursor can be moved."""

import select
import textwrap
from collections.abc import Sequence

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, HSplit, Layout, Window
from prompt_toolkit.output import Output

from triage_agent.cli.telling import MARK, Left
from triage_agent.cli.wrapping import WordWrap, moved

PASTE_PAUSE_S = 0.05  # a longer one ends a paste from a terminal that does not say where it ends
URGE = "Nothing is chosen yet: an arrow key or a number first, then Enter. Ctrl-C: stop for now."
HINT = "class:bottom-toolbar"


async def edited(mark: str, default: str, output: Output, *, several_lines: bool, hint: str) -> str:
    """Return the text that is typed after a mark; raises `Left` with what stands there."""
    session: PromptSession[str] = PromptSession(
        mark,
        multiline=several_lines,
        prompt_continuation=" " * len(mark),
        key_bindings=_editing(len(mark), several_lines=several_lines),
        bottom_toolbar=lambda: _filled(hint, output),
        input_processors=[WordWrap(len(mark))],
        output=output,
    )
    try:
        return await session.prompt_async(default=default)
    except EOFError:  # the terminal is gone
        raise Left(session.default_buffer.text) from None


async def pointed_at(choices: Sequence[str], first: int | None, output: Output, hint: str) -> int:
    """Return the place of the choice that an arrow points at when Enter is pressed.

    The arrow stands on the choice `first`; None: on none until it is moved.
    """
    several = _Choices(choices, first, output)
    rows = [
        Window(FormattedTextControl(several.lines, focusable=True, show_cursor=False)),
        Window(
            FormattedTextControl(lambda: _filled(URGE if several.is_urged else hint, output)),
            dont_extend_height=True,
            style=HINT,
        ),
    ]
    application: Application[int] = Application(
        layout=Layout(HSplit(rows)),
        key_bindings=several.keys(),
        output=output,
        erase_when_done=True,
    )
    try:
        return await application.run_async()
    except EOFError:
        raise Left from None


class _Choices:
    """A list with an arrow, which the arrow keys and the digits move; it may begin nowhere."""

    def __init__(self, choices: Sequence[str], at: int | None, output: Output) -> None:
        self._choices, self._at, self._output = choices, at, output
        self._digits = ""
        self.is_urged = False  # whether Enter was pressed before anything was chosen

    def lines(self) -> StyleAndTextTuples:
        """Return the list as it is drawn, wrapped between words."""
        found: StyleAndTextTuples = []
        digits = len(str(len(self._choices)))
        for place, choice in enumerate(self._choices):
            lead = f"{MARK if place == self._at else ' ' * len(MARK)}{place + 1:>{digits}}. "
            width = _width(self._output) - len(lead)
            text = f"\n{' ' * len(lead)}".join(textwrap.wrap(choice, max(width, 1)) or [""])
            if place == self._at:
                found.append(("[SetCursorPosition]", ""))  # a long list is scrolled to it
            end = "\n" if place + 1 < len(self._choices) else ""
            found.append(("bold" if place == self._at else "", f"{lead}{text}{end}"))
        return found

    def keys(self) -> KeyBindings:
        """Return what the keys do."""
        keys = KeyBindings()

        @keys.add("up")
        @keys.add("c-p")
        def up(_: KeyPressEvent) -> None:
            self._move((self._at or 0) - 1)

        @keys.add("down")
        @keys.add("c-n")
        def down(_: KeyPressEvent) -> None:
            self._move(0 if self._at is None else self._at + 1)

        @keys.add("enter")
        @keys.add("c-j")
        def take(event: KeyPressEvent) -> None:
            if self._at is None:
                self.is_urged = True
            else:
                event.app.exit(result=self._at)

        @keys.add("c-c")
        @keys.add("c-d")
        @keys.add("<sigint>")
        def leave(event: KeyPressEvent) -> None:
            event.app.exit(exception=Left())

        @keys.add(Keys.Any)
        def digit(event: KeyPressEvent) -> None:
            self._type(event.data)

        return keys

    def _move(self, place: int) -> None:
        self._at, self._digits, self.is_urged = place % len(self._choices), "", False

    def _type(self, key: str) -> None:
        """Point at the choice with the number that is typed; what names none begins anew."""
        for digits in (self._digits + key, key):
            if digits.isdecimal() and 1 <= int(digits) <= len(self._choices):
                self._at, self._digits, self.is_urged = int(digits) - 1, digits, False
                return


def _editing(prefix: int, *, several_lines: bool) -> KeyBindings:
    """Return what Enter, Ctrl-D, Ctrl-C and the arrows up and down do.

    `prefix` is the number of columns before the text of each row.
    """
    keys = KeyBindings()

    def move(event: KeyPressEvent, rows: int) -> None:
        buffer, shown = event.current_buffer, event.app.layout.current_window.render_info
        width = (shown.window_width if shown else event.app.output.get_size().columns) - prefix
        buffer.cursor_position = moved(buffer.document, rows, width)

    @keys.add("up", eager=True)
    def up(event: KeyPressEvent) -> None:
        move(event, -1)

    @keys.add("down", eager=True)
    def down(event: KeyPressEvent) -> None:
        move(event, 1)

    @keys.add("c-c", eager=True)
    @keys.add("<sigint>")
    def leave(event: KeyPressEvent) -> None:
        event.app.exit(exception=Left(event.current_buffer.text))

    @keys.add("c-d", eager=True)
    def end(event: KeyPressEvent) -> None:
        if event.current_buffer.text.strip():
            event.current_buffer.validate_and_handle()
        else:
            event.app.exit(exception=Left())

    @keys.add("enter", eager=True)
    def enter(event: KeyPressEvent) -> None:
        _enter(event, several_lines=several_lines)

    @keys.add("c-j", eager=True)
    def line_feed(event: KeyPressEvent) -> None:
        before = event.previous_key_sequence
        if not (before and before[-1].key == Keys.ControlM):  # lines that end as on Windows
            _enter(event, several_lines=several_lines)

    return keys


def _enter(event: KeyPressEvent, *, several_lines: bool) -> None:
    """End the text, or its line if it is pasted or may have several.

    Who presses Enter begins something new, so it makes a blank line, which sets paragraphs apart;
    who presses it where something new has just begun is done. A line break that is pasted may only
    be where a mail was wrapped.
    """
    buffer = event.current_buffer
    if _is_pasted(event):
        buffer.newline(copy_margin=False)
    elif several_lines and not begins_anew(buffer.document):
        buffer.insert_text("\n\n")
    else:
        buffer.validate_and_handle()


def begins_anew(document: Document) -> bool:
    r"""Return whether a line break would set nothing apart where the cursor stands.

    >>> [begins_anew(Document("Late\n\nLost", place)) for place in (4, 5, 6, 8)]
    [False, True, True, False]
    """
    before = document.current_line_before_cursor.strip()
    row = document.cursor_position_row
    above = document.lines[row - 1].strip() if row else "text"
    return not before and not (document.current_line.strip() and above)


def _is_pasted(event: KeyPressEvent) -> bool:
    """Return whether more keys wait: a paste from a terminal that does not mark it as one."""
    if event.key_processor.input_queue:
        return True
    try:
        waits, _, _ = select.select([event.app.input.fileno()], [], [], PASTE_PAUSE_S)
    except (NotImplementedError, OSError, ValueError):  # a console of Windows; it hands on all keys
        return False
    return bool(waits)


def _filled(text: str, output: Output) -> str:
    return textwrap.fill(text, max(_width(output), 1))


def _width(output: Output) -> int:
    """Return the columns that may be written to without the terminal breaking a line."""
    return output.get_size().columns - 1
