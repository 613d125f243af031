"""The languages matchopt speaks: one catalogue for all messages, and each language's way to write figures.

Messages stand in the code in English, as templates with names in braces; `tr` looks the template up in
the catalogue (``locale/``, gettext) and fills it in. A template is a literal, so that
``docs/make_messages.py`` can gather all of them.
"""

from __future__ import annotations

import gettext
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

DOMAIN = "matchopt"
LOCALES = Path(__file__).parent / "locale"
VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""Where the system says which language its user reads; the first that says something counts."""
SILENT = ("", "C", "POSIX")
"""What is said there where nobody chose a language."""


class Language(StrEnum):
    """A language that matchopt speaks."""

    EN = "en"
    ZH = "zh"


_spoken: Language | None = None


def spoken() -> Language:
    """Return the language of messages: what was set by `speak`, else that of the system."""
    return _spoken or of_system()


def of_system() -> Language:
    """Return the language that the system says; English where it is none of ours, or nothing is said."""
    return said_by_system() or Language.EN


def said_by_system() -> Language | None:
    """Return what the system's variables name, else the language of the desktop; None if both are silent."""
    said = next(filter(None, (os.environ.get(name) for name in VARIABLES)), "")
    if said.partition(".")[0] in SILENT:
        said = _of_desktop(sys.platform)
    if not said:
        return None
    return Language.ZH if said.lower().startswith("zh") else Language.EN


@lru_cache
def _of_desktop(platform: str) -> str:
    """Return the language that Windows or macOS tells in its own way, such as ``zh-Hans-CN``, or ""."""
    try:
        if platform == "win32":
            import ctypes
            import locale

            number = ctypes.windll.kernel32.GetUserDefaultUILanguage()  # type: ignore[attr-defined,unused-ignore]
            return locale.windows_locale.get(number, "")
        if platform == "darwin":
            import subprocess

            told = subprocess.run(
                ["defaults", "read", "-g", "AppleLanguages"], capture_output=True, text=True
            )
            return next(iter(re.findall(r"[a-z]{2,3}(?:-[A-Za-z]+)*", told.stdout)), "")
    except (OSError, AttributeError):
        pass
    return ""


def speak(language: Language | str | None) -> None:
    """Set the language of all messages from now on; None for that of the system."""
    global _spoken
    _spoken = None if language is None else Language(language)


@contextmanager
def speaking(language: Language | str | None) -> Iterator[None]:
    """Speak a language for the time being."""
    before = _spoken
    speak(language)
    try:
        yield
    finally:
        speak(before)


def tr(message: str, /, **values: object) -> str:
    """Return a message in the language spoken, its names in braces filled in.

    >>> with speaking("en"):
    ...     tr("{count} rows", count=3)
    '3 rows'
    """
    said = _catalogue(spoken()).gettext(message) if message else ""
    return said.format(**values) if values else said


def trn(one: str, many: str, number: int, /, **values: object) -> str:
    """Return the message for a number of things, which fills in ``{n}``, thousands apart."""
    said = _catalogue(spoken()).ngettext(one, many, number)
    return said.format(n=f"{number:,}", **values)


_CONTROLS = str.maketrans(
    {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"}
    | {0x7F: "\u2421"}
    | dict.fromkeys([*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd")
)
"""Control characters, and those that turn the direction of writing, as they are shown."""


def printable(text: str) -> str:
    r"""Return a text that no terminal obeys: control characters as pictures, bytes that are no text escaped.

    >>> printable("a\x1b[31mb"), printable("\udcd6")
    ('a␛[31mb', '\\udcd6')
    """
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_CONTROLS).encode("utf-8", "backslashreplace").decode("utf-8")


def mark(message: str) -> str:
    """Return a message as it is: it goes into the catalogue here, and through `tr` where it is shown."""
    return message


@lru_cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    # English is what stands in the code.
    return gettext.translation(DOMAIN, LOCALES, [language.value], fallback=language is Language.EN)


def number(value: float, pattern: str = "#,##0.###") -> str:
    """Return a number as the language writes it.

    >>> with speaking("en"):
    ...     number(1234.5), number(0.25)
    ('1,234.5', '0.25')
    """
    return _decimal(value + 0, pattern, spoken().value)


@lru_cache(100_000)
def _decimal(value: float, pattern: str, locale: str) -> str:
    """Return a number as a language writes it: a report says the same few thousands again and again."""
    from babel.numbers import format_decimal

    return format_decimal(value, format=pattern, locale=locale)


def share(value: float, pattern: str = "0.0%") -> str:
    """Return a share (0..1) in percent as the language writes it."""
    from babel.numbers import format_percent

    return format_percent(value, format=pattern, locale=spoken().value)


def amount(value: float, currency: str, digits: int = 2) -> str:
    """Return money as the language writes it; a currency that nobody knows follows the number.

    >>> with speaking("zh"):
    ...     amount(1234.5, "CNY")
    '￥1,234.50'
    """
    from babel.numbers import format_currency, get_currency_symbol, is_currency

    value, pattern = round(value, digits) + 0.0, f"#,##0.{digits * '0'}".rstrip(".")
    if not is_currency(currency) or get_currency_symbol(currency, spoken().value) == currency:
        return f"{number(value, pattern)} {currency}"
    said = format_currency(
        value, currency, locale=spoken().value, currency_digits=False, format=f"¤{pattern}"
    )
    # GBK, in which terminals and lists of China are written, has the wide sign alone.
    return said.replace("¥", "￥") if currency == "CNY" and spoken() is Language.ZH else said


def money_unit(currency: str) -> str:
    """Return what stands in a heading for a currency.

    >>> with speaking("zh"):
    ...     money_unit("CNY")
    '元'
    """
    return "元" if currency == "CNY" and spoken() is Language.ZH else currency


def day(value: date) -> str:
    """Return a day as the language writes it in a sentence."""
    from babel.dates import format_date

    return format_date(value, format="medium", locale=spoken().value)
