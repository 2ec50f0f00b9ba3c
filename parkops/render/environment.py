"""The shared Jinja2 environment: strict names, one cache of compiled templates, errors with their place."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)

from parkops.errors import RenderError
from parkops.render import notation, text
from parkops.render.access_lists import default_number, rule_entries, rule_number, stable_numbers
from parkops.render.origin import origin


@cache
def environment(roots: tuple[Path, ...]) -> Environment:
    """Return the one environment that all templates below ``roots`` share; the first root wins."""
    env = Environment(  # noqa: S701  # no HTML here; each language has its own filter
        loader=FileSystemLoader(roots),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        cache_size=-1,
    )
    env.filters.update(text.FILTERS)
    env.filters.update(notation.FILTERS)
    env.filters["origin"] = origin
    env.filters["rule_number"] = rule_number
    env.globals.update(
        rule_entries=rule_entries, default_number=default_number, stable_numbers=stable_numbers
    )
    return env


def fill(env: Environment, template: str, context: dict[str, object], *, where: str) -> str:
    """Render one template.

    Raises RenderError with the template's line, the undefined name, and ``where``: the device and platform.
    """
    try:
        return env.get_template(template).render(context)
    except UndefinedError as error:
        raise RenderError(
            str(error.message),
            where=f"{where}: {_line(error, template)}",
            hint="add it to the design or plan",
        ) from error
    except TemplateSyntaxError as error:
        raise RenderError(
            str(error.message), where=f"{where}: {error.name or template}:{error.lineno}"
        ) from error
    except TemplateNotFound as error:
        raise RenderError(f"there is no template {error.name!r}", where=f"{where}: {template}") from error
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise RenderError(
            f"{type(error).__name__}: {error}", where=f"{where}: {_line(error, template)}"
        ) from error


def _line(error: Exception, template: str) -> str:
    """Return ``platform/template:line`` of the innermost template frame of a traceback."""
    found, trace = template, error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.suffix == ".j2":
            found = f"{file.parent.name}/{file.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
