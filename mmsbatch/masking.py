"""Phone numbers are personal data: what people and logs see is masked (contract: P5)."""

import re

#: Digits with whatever people write between them: blanks of every width, dots, strokes, dashes.
_DIGIT_RUN = re.compile(r"(?<![0-9])[0-9](?:[\s./\u2010-\u2015-]?[0-9]){5,}")
DOT = "•"


def mask_number(number: str) -> str:
    """Mask a number in wire form (`336…`, 11 digits).

    >>> mask_number("33639980012")
    '+336••••••12'
    """
    return f"+{number[:3]}{DOT * (len(number) - 5)}{number[-2:]}"


def mask_digits(text: str) -> str:
    """Mask every run of six digits and more in a text that came from outside (answers, exceptions)."""
    return _DIGIT_RUN.sub(lambda run: DOT * (len(run[0]) - 2) + run[0][-2:], text)
