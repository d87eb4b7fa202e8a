"""Personal data is found with few false alarms; the language decides the defaults."""

import pytest

from core.data.checks import guess_language, iban_valid, luhn_valid, personal_data


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("write to jo.do+x@mail.example.co.uk please", {"email"}),
        ("call +1 555 0100 2233", {"phone"}),
        ("03-1234-5678 へ電話", {"phone"}),
        ("携帯は０９０－１２３４－５６７８です", {"phone"}),
        ("or 0800 123 4567.", {"phone"}),
        ("(555) 123-4567", {"phone"}),
        ("card 4111 1111 1111 1111 exp 12/29", {"card"}),
        ("card 4111-1111-1111-1111", {"card"}),
        ("DE89 3704 0044 0532 0130 00", {"iban"}),
        ("pay to GB82WEST12345698765432 today", {"iban"}),
        ("order 4111 1111 1111 1112", set()),
        ("on 2024-01-15 at 10:30, 1,299.00 EUR", set()),
        ("ISBN 978-3-16-148410-0", set()),
        ("version 1.2.3.4 of 10.0.0.1", set()),
        ("see a@b", set()),
        ("order number 1234567", set()),
        ("plain text", set()),
    ],
)
def test_personal_data(text, kinds):
    assert set(personal_data([text], [7])) == kinds


def test_rows_are_counted_once_each():
    found = personal_data(["a@b.com c@d.org", "x", "a@b.com"], [2, 3, 4])
    assert (found["email"].count, found["email"].rows) == (2, (2, 4))


@pytest.mark.parametrize("text", ["79927398713456", "0000000000000000", "1234"])
def test_luhn_refuses(text):
    assert not luhn_valid(text)


def test_check_digits_refuse_a_typing_error():
    assert iban_valid("DE89 3704 0044 0532 0130 00")
    assert not iban_valid("DE88 3704 0044 0532 0130 00")
    assert luhn_valid("5555 5555 5555 4444")


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["Where is my parcel?", "How do I return it", "It is on the way"], "en"),
        (["返品できますか", "iPhoneのケースを返したい", "送料は無料ですか"], "ja"),
        (["我想退货", "请问运费多少"], "other"),
        (["Wo ist mein Paket?", "Können Sie mir sagen, wann ein Gerät geliefert wird?"], "other"),
        (["Где мой заказ?"], "other"),
        (["12345", "???"], "other"),
        ([], "other"),
    ],
)
def test_language(texts, language):
    assert guess_language(texts) == language
