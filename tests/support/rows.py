"""The rows of a CSV text, as one kind of file or another."""

import csv
import io

import openpyxl


def as_csv(text):
    return text.encode()


def as_xlsx(text):
    """Return the same rows as a workbook; whole numbers become numbers."""
    book = openpyxl.Workbook()
    for number, line in enumerate(csv.reader(io.StringIO(text)), start=1):
        for column, cell in enumerate(line, start=1):
            book.active.cell(number, column, int(cell) if cell.isdecimal() else cell or None)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
