"""What a sent form holds."""

from collections.abc import Mapping

from starlette.requests import Request

MOST_FIELDS = 200


async def fields_of(request: Request) -> Mapping[str, str]:
    """Return the fields of a sent form; of a name that stands twice, the last value."""
    async with request.form(max_files=0, max_fields=MOST_FIELDS) as form:
        return {name: value for name, value in form.multi_items() if isinstance(value, str)}
