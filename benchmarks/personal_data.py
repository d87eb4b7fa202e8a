"""How much planted personal data is found, and how much else is taken for it.

Run ``python benchmarks/personal_data.py [--seed 0] [--per-kind 200]``. Made-up people (Faker) are
planted into sentences of customers, English and Japanese, a quarter of the Japanese numbers in
full width, most of them glued to the words beside them. Between them stand decoys (order numbers,
dates, prices, product codes, places) and every text of the sample data. A planted value counts as
found if one finding of its kind covers all of it; a finding counts as right if it overlaps a
planted value of its kind. With ``pip install -r requirements-personal.txt`` Japanese names are also
looked for by ja-ginza. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core.data.file_preview import read_dataset  # noqa: E402
from core.data.personal.numbers import my_number_valid  # noqa: E402
from core.data.personal.recognition import (  # noqa: E402
    PERSONAL_DATA,
    Recogniser,
    japanese_model,
    spans,
)

FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
SAMPLES = {
    "en": ("shop_faq_en.csv", "bare_faq_en.csv"),
    "ja": ("shop_faq_ja.xlsx", "bare_faq_ja.xlsx"),
}

CARDS = ("visa16", "mastercard", "amex", "jcb16", "diners", "discover")

SENTENCES = {
    "en": {
        "email": (
            "Please write to {} about the order.",
            "my mail is {}, can you check?",
            "I never got the confirmation ({}).",
            "E-mail:{}",
            "Can you change {} to another one",
        ),
        "phone": (
            "Call me at {} after six.",
            "my number is {}",
            "Phone: {}",
            "reach me on {}, please",
            "The courier should ring {} first.",
        ),
        "card": (
            "I paid with {} yesterday.",
            "card number {} was declined",
            "Visa:{}, please refund",
        ),
        "iban": ("Refund to {} please.", "IBAN: {}", "my bank account number is {}"),
        "national_id": (
            "My SSN is {}.",
            "Do you need {} for the invoice?",
            "social security number: {}",
        ),
        "birth_date": (
            "I was born on {}.",
            "Date of birth: {}",
            "my DOB is {}, am I old enough?",
        ),
        "address": (
            "Ship it to {} instead.",
            "I moved to {}.",
            "Address: {}",
            "my old address was {}",
        ),
        "name": (
            "My name is {} and I ordered a tent.",
            "The parcel is for {}.",
            "Name: {}",
            "Mr. {} picked it up.",
            "Please send the invoice to {}.",
            "{} signed for it.",
        ),
    },
    "ja": {
        "email": (
            "メールは{}です。",
            "{}宛てに返信をください",
            "確認メールが{}に届きません",
            "連絡先：{}",
        ),
        "phone": (
            "電話番号は{}です。",
            "{}に電話してください",
            "携帯{}まで",
            "TEL：{}",
            "日中は{}へお願いします",
        ),
        "card": ("カード番号{}で支払いました。", "{}が使えません", "クレジットカードは{}です"),
        "iban": (
            "口座番号{}に返金してください",
            "普通預金 {}です",
            "口座番号は{}です",
            "IBANは{}です",
        ),
        "national_id": ("マイナンバーは{}です。", "{}を提出しました", "個人番号：{}"),
        "birth_date": ("生年月日は{}です。", "{}生まれです", "誕生日：{}"),
        "address": ("住所は{}です。", "{}に送ってください", "配送先：{}", "{}へ引っ越しました。"),
        "name": (
            "{}と申します。",
            "{}さんに渡してください",
            "氏名：{}",
            "担当の{}様はいますか",
            "荷物は{}が受け取りました。",
            "私は{}です。",
        ),
    },
}
DECOYS = {
    "en": (
        "Order {n8} has not arrived since {date}.",
        "It costs {price} and weighs {n3} g.",
        "Is model X{n4} compatible with version {n1}.{n1}.{n1}?",
        "ISBN 978-3-16-148410-0",
        "Tracking number {n12}",
        "We are open from 9:00 to 18:00, Monday to Friday.",
        "The Martin Guitar Company shop in Jackson Hole, room {n3}",
        "Dr. Martens in size 42",
        "Serial number SN-{n8}, lot {n4}-{n4}",
        "Delivered on {date} at 10:30",
        "Will you mark it as paid in May {year}?",
        "{n4} {n4} {n4} {n4} is the code",
    ),
    "ja": (
        "注文番号{n8}がまだ届きません",
        "{date}に注文しました",
        "価格は{price}円、重さは{n3}gです",
        "型番ABC-{n4}は使えますか",
        "追跡番号{n12}です",
        "営業時間は10時から18時までです",
        "お客様サポートの皆様へ",
        "東京タワーの近くの店舗は3階です",
        "林檎と森の香りの入浴剤",
        "会員番号{n8}、ポイント{n4}",
        "{year}年モデルと{n4}の違いは？",
        "高橋商店の包丁と山田屋のまな板",
    ),
}


@dataclass(frozen=True)
class Planted:
    """A sentence, and where which kind of personal data stands in it; kind "" = nothing."""

    text: str
    kind: str = ""
    start: int = 0
    end: int = 0


def my_number(draw: random.Random) -> str:
    """Return an Individual Number of Japan with the right check digit."""
    while True:
        number = "".join(str(draw.randrange(10)) for _ in range(12))
        if my_number_valid(number):
            return draw.choice(
                (
                    number,
                    f"{number[:4]} {number[4:8]} {number[8:]}",
                    f"{number[:4]}-{number[4:8]}-{number[8:]}",
                )
            )


def insurance_number(draw: random.Random) -> str:
    """Return a number of the British national insurance (Faker makes only invalid ones)."""
    digits = [f"{draw.randrange(100):02}" for _ in range(3)]
    first, last = draw.choice(("AB", "CE", "JR", "PW")), draw.choice("ABCD")
    return draw.choice((" ", "")).join((first, *digits, last))


def value_of(kind: str, language: str, fakers: dict, draw: random.Random) -> str:
    """Return a made-up value of a kind."""
    us, gb, ja = fakers["en"], fakers["gb"], fakers["ja"]
    fake = ja if language == "ja" else us
    if kind == "email":
        return us.email() if draw.random() < 0.7 else us.company_email()
    if kind == "phone":
        if language == "ja":
            return ja.phone_number()
        number = gb.phone_number() if draw.random() < 0.3 else us.phone_number()
        return number.split("x")[0]
    if kind == "card":
        number = us.credit_card_number(draw.choice(CARDS))
        parts = [number[i : i + 4] for i in range(0, len(number), 4)]
        return draw.choice((number, " ".join(parts), "-".join(parts)))
    if kind == "iban":
        plain = gb.iban()
        return draw.choice((plain, " ".join(plain[i : i + 4] for i in range(0, len(plain), 4))))
    if kind == "national_id":
        if language == "ja":
            return my_number(draw)
        return insurance_number(draw) if draw.random() < 0.3 else us.ssn()
    if kind == "birth_date":
        day = us.date_of_birth(minimum_age=18)
        if language == "ja":
            return draw.choice(
                (
                    f"{day.year}年{day.month}月{day.day}日",
                    f"{day:%Y/%m/%d}",
                    f"{day:%Y-%m-%d}",
                    f"昭和{draw.randint(20, 63)}年{day.month}月{day.day}日",
                )
            )
        return draw.choice(
            (f"{day:%Y-%m-%d}", f"{day:%m/%d/%Y}", f"{day:%d %B %Y}", f"{day:%B %d, %Y}")
        )
    if kind == "address":
        if language == "ja":
            return ja.address()
        if draw.random() < 0.3:
            return (
                f"{gb.building_number()} {gb.street_name()}, {gb.city()}, {gb.postcode()}".replace(
                    "\n", " "
                )
            )
        return us.address().replace("\n", ", ")
    name = (
        f"{fake.first_name()} {fake.last_name()}"
        if language == "en"
        else f"{ja.last_name()}{draw.choice((' ', ''))}{ja.first_name()}"
    )
    return name


def planted(seed: int, per_kind: int, language: str) -> list[Planted]:
    """Return sentences with planted values, as many decoys, and the texts of the sample data."""
    from faker import Faker

    draw = random.Random(f"{seed} {language}")
    fakers = {"en": Faker("en_US"), "gb": Faker("en_GB"), "ja": Faker("ja_JP")}
    for name, faker in fakers.items():
        faker.seed_instance(f"{seed} {language} {name}")
    made = []
    for kind, sentences in SENTENCES[language].items():
        for _ in range(per_kind):
            sentence = draw.choice(sentences)
            value = value_of(kind, language, fakers, draw)
            if (
                kind == "iban"
                and "IBAN" not in sentence
                and (language == "ja" or "number" in sentence)
            ):
                value = f"{draw.randrange(10**6, 10**7)}"  # an account of a bank of the country
            if kind == "name" and sentence.startswith("Mr."):
                value = value.split()[-1]
            if language == "ja" and kind not in ("name", "address") and draw.random() < 0.25:
                value = value.translate(FULL_WIDTH)
            start = sentence.index("{}")
            made.append(Planted(sentence.replace("{}", value), kind, start, start + len(value)))
    for _ in range(per_kind * 4):
        sentence = draw.choice(DECOYS[language])
        for size in (1, 3, 4, 8, 12):
            while f"{{n{size}}}" in sentence:
                sentence = sentence.replace(
                    f"{{n{size}}}", str(draw.randrange(10 ** (size - 1), 10**size)), 1
                )
        year, month, day = draw.randrange(1990, 2026), draw.randrange(1, 13), draw.randrange(1, 29)
        date = draw.choice(
            (f"{year}-{month:02}-{day:02}", f"{month}/{day}/{year}", f"{year}年{month}月{day}日")
        )
        made.append(
            Planted(sentence.format(year=year, date=date, price=f"{draw.randrange(1000, 99999):,}"))
        )
    for name in SAMPLES[language]:
        dataset, _ = read_dataset((ROOT / "sample_data" / name).read_bytes(), name)
        made += [Planted(text) for text in (*dataset.questions, *dataset.answers)]
    return made


@dataclass
class Score:
    """Counts of one kind: planted, found whole, findings, findings that overlap a planted value."""

    planted: int = 0
    whole: int = 0
    findings: int = 0
    right: int = 0

    @property
    def recall(self) -> float:
        """Share of the planted values that were found whole."""
        return self.whole / max(1, self.planted)

    @property
    def precision(self) -> float:
        """Share of the findings that overlap a planted value of the kind."""
        return self.right / max(1, self.findings)


def measured(
    made: list[Planted], more: Recogniser | None = None, misses: Counter | None = None
) -> dict[str, Score]:
    """Return the scores by kind; contact details of the shop in the samples count as planted."""
    scores = {kind: Score() for kind in PERSONAL_DATA}
    for one in made:
        found = spans(one.text, more)
        if one.kind:
            scores[one.kind].planted += 1
            whole = any(
                s.kind == one.kind and s.start <= one.start and s.end >= one.end for s in found
            )
            scores[one.kind].whole += whole
            if not whole and misses is not None:
                misses[(one.kind, one.text)] += 1
        for span in found:
            scores[span.kind].findings += 1
            own = one.kind == span.kind and span.start < one.end and span.end > one.start
            own = (
                own
                or "quernfell.example" in one.text[span.start : span.end]
                or "0114 496" in one.text[span.start : span.end]
            )
            scores[span.kind].right += own
            if not own and misses is not None:
                misses[("false " + span.kind, one.text)] += 1
    return scores


def _shares(scores: dict[str, Score]) -> dict[str, dict[str, float]]:
    return {
        kind: {"recall": round(one.recall, 4), "precision": round(one.precision, 4)}
        for kind, one in scores.items()
    }


def main() -> None:
    """Print a table per language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--per-kind", type=int, default=200)
    parser.add_argument("--misses", type=int, default=0, help="print so many of them")
    options = parser.parse_args()
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for language in SENTENCES:
        made, misses = planted(options.seed, options.per_kind, language), Counter()
        start = time.process_time()
        scores = measured(made, None, misses)
        seconds = time.process_time() - start
        print(f"{language}: {len(made)} texts, {seconds / len(made) * 1e6:.0f} µs of CPU time each")
        for kind, score in scores.items():
            shares = f"recall {score.recall:6.1%}  precision {score.precision:6.1%}"
            counts = f"({score.planted} planted, {score.findings} findings)"
            print(f"  {kind:12} {shares}  {counts}")
        figures[language] = _shares(scores)
        more = japanese_model() if language == "ja" else None
        if more is not None:
            with_model = measured(made, more)["name"]
            print(
                f"  name with ja-ginza: recall {with_model.recall:.1%}, "
                f"precision {with_model.precision:.1%}"
            )
            figures["ja with ja-ginza"] = _shares({"name": with_model})
        for (kind, text), _ in misses.most_common(options.misses):
            print(f"    {kind}: {text}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
