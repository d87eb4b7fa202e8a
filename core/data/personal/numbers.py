"""Check digits of cards, accounts and national ids: what tells them from any other number."""

from __future__ import annotations

import re

_MY_NUMBER_WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def digits_of(text: str) -> list[int]:
    """Return the ASCII digits of a text, one number each."""
    return [int(sign) for sign in text if sign.isascii() and sign.isdigit()]


def luhn_valid(text: str) -> bool:
    """Tell whether the digits in a text pass the check of card numbers (ISO/IEC 7812-1)."""
    digits = digits_of(text)
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1 or digits[0] == 0:
        return False  # no card of any network begins with 0
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def iban_valid(text: str) -> bool:
    """Tell whether a text is an account number with the right check digits (ISO 13616)."""
    plain = re.sub(r"\s", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", plain):
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def my_number_valid(text: str) -> bool:
    """Tell whether 12 digits are an Individual Number of Japan (ordinance 85 of 2014, article 5)."""
    digits = digits_of(text)
    if len(digits) != 12 or len(set(digits)) == 1:
        return False
    if all(digits[i : i + 2] in ([1, 9], [2, 0]) for i in (0, 4, 8)):  # three years in a row
        return False
    rest = sum(d * w for d, w in zip(digits, _MY_NUMBER_WEIGHTS, strict=False)) % 11
    return digits[-1] == (0 if rest <= 1 else 11 - rest)


def ssn_valid(text: str) -> bool:
    """Tell whether 9 digits can be a US Social Security number (never 000, 666 or 9xx first)."""
    digits = "".join(map(str, digits_of(text)))
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return (
        len(digits) == 9
        and area not in {"000", "666"}
        and area[0] != "9"
        and group != "00"
        and serial != "0000"
        and digits not in {"078051120", "219099999", "123456789"}  # of advertisements
    )


def nhs_valid(text: str) -> bool:
    """Tell whether 10 digits are a number of the British health service (weights 10 to 2, mod 11)."""
    digits = digits_of(text)
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    rest = 11 - sum(d * w for d, w in zip(digits, range(10, 1, -1), strict=False)) % 11
    return rest != 10 and digits[-1] == rest % 11


def phone_valid(text: str) -> bool:
    """Tell whether digits can be a telephone number: as many as one has, and no card number."""
    digits = re.sub(r"\D", "", text)
    least = 8 if text.lstrip().startswith("+") else 9
    return least <= len(digits) <= 15 and len(set(digits)) > 2 and not luhn_valid(text)
