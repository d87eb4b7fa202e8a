"""Ratings as people write them: numbers of many formats, words of many languages, and scales."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from core.data.cells import is_nothing
from core.data.table import row_list
from core.messages import N_, Message

USUAL_HIGHEST = 5.0  # stars
_SLIPS = 0.1  # up to this share of values above five stars are slips, not another scale


def _words(grade: float, *texts: str) -> dict[str, float]:
    return {word.replace("_", " "): grade for text in texts for word in text.split()}


# Signs that judge where a plus stands among them: ++ + o - --; a minus alone says that a cell is
# empty. Any dash is written for the minus.
_SIGN = re.compile(r"\+{1,5}|-{1,5}")
_BETWEEN = frozenset(("0", "o", "\u00b1", "+-", "+/-", "-/+"))  # neither plus nor minus
_DASHES = str.maketrans(
    dict.fromkeys("\u2212\u2013\u2014\u2015\u30fc\u2796", "-") | {"\u2795": "+"}
)

# Whole ratings, case and width folded; a grade in [0, 1].
RATING_WORDS: Mapping[str, float] = MappingProxyType(
    _words(
        1.0,
        "+ ++ +++",
        "yes y true t right correct relevant good great excellent perfect positive pos pass",
        "passed",
        "match matched helpful useful like up thumbs_up thumbsup thumb_up upvote accept",
        "accepted ok",
        "fully_relevant highly_relevant very_relevant perfectly_relevant very_good exact",
        "exact_match",
        "answered duplicate valid high full best approved is_relevant correct_answer",
        "completely_relevant totally_relevant relevant_answer right_answer fully_correct",
        "entailment supported fully_supported active trifft_zu très_pertinent",
        "bonne_réponse réponse_correcte excellente parfait parfaite excelente muy_bueno muy_bien",
        "perfecto respuesta_correcta ottimo perfetto richtige_antwort hervorragend ausgezeichnet",
        "perfekt sehr_hilfreich sehr_relevant relevant_document strongly_agree agree stimme_zu",
        "とても良い 大変良い 優良 完璧 満足 とても満足 役に立つ 合っている 合う 正答 当てはまる 有",
        "非常好 很相关 非常相关 完全正确 正确答案 满意 优秀 매우_좋음 좋음 맞다 관련_있음 도움됨",
        "○ 〇 ◯ ◎ はい 正しい 正解 適切 関連 関連あり 良い よい 可 合格 有用 役に立った",
        "非常に良い 高い",
        "👍 👍🏻 👍🏼 👍🏽 👍🏾 👍🏿 ✓ ✔ ✔️ ✅ ☑ 😀 😊 🙂 😃 😄 💯 ❤️",
        "ja wahr richtig korrekt gut sehr_gut relevante passend passt treffend zutreffend",
        "bestanden",
        "hilfreich stimmt oui vrai juste exact pertinent pertinente bon bonne utile bien",
        "très_bien",
        "sí si verdadero correcto correcta relevante bueno buena útil acertado vero giusto",
        "corretto",
        "buono sim verdadeiro certo correto bom waar juist goed",
        "是 对 對 正确 正確 相关 相關 好 很好 有用 赞 通过 真 예 네 맞음 정답 관련",
        "да верно правильно хорошо evet doğru iyi tak prawda dobrze",
        "completely fully absolutely definitely entirely very_much always fully_agree",
        "completely_agree totally_agree extremely_helpful very_helpful very_useful very_satisfied",
        "trifft_voll_zu trifft_voll_und_ganz_zu trifft_völlig_zu trifft_genau_zu trifft_sehr_zu",
        "trifft_vollständig_zu trifft_ganz_zu stimme_voll_zu stimme_voll_und_ganz_zu",
        "stimme_völlig_zu stimmt_voll stimmt_genau stimmt_völlig voll_und_ganz völlig vollkommen",
        "d'accord tout_à_fait_d'accord tout_à_fait entièrement_d'accord totalement_d'accord",
        "très_utile oui_tout_à_fait totalmente_de_acuerdo muy_de_acuerdo de_acuerdo",
        "completamente_de_acuerdo muy_útil totalmente completamente completamente_d'accordo",
        "pienamente_d'accordo molto_d'accordo molto_utile del_tutto_d'accordo",
        "concordo_totalmente concordo_plenamente concordo muito_útil helemaal_mee_eens",
        "helemaal_eens mee_eens eens zeer_mee_eens zeer_eens volledig_mee_eens klopt",
        "zdecydowanie_tak zdecydowanie_się_zgadzam zgadzam_się całkowicie_się_zgadzam",
        "kesinlikle_katılıyorum katılıyorum tamamen_katılıyorum полностью_согласен",
        "полностью_согласна согласен согласна совершенно_согласен instämmer_helt instämmer",
        "håller_helt_med helt_enig enig موافق_بشدة موافق صحيح نعم",
        "とても当てはまる 非常に当てはまる よく当てはまる 完全に当てはまる あてはまる",
        "とてもあてはまる",
        "そう思う とてもそう思う 強くそう思う 非常にそう思う 大いにそう思う 同意する 強く同意する",
        "非常同意 完全同意 十分同意 同意 非常符合 完全符合 符合 매우_그렇다 그렇다",
        "매우_동의 동의함 매우_동의함 전적으로_동의",
        "sì kyllä joo ano igen da ναι כן हाँ हां có vâng ใช่ ya iya i.o. i._o. 正 o.k.",
    )
    | _words(
        0.75,
        "mostly mostly_agree somewhat_agree rather_agree slightly_agree probably tend_to_agree",
        "mostly_correct mostly_relevant trifft_eher_zu trifft_überwiegend_zu trifft_meist_zu",
        "stimme_eher_zu eher_ja stimmt_eher stimmt_ziemlich trifft_weitgehend_zu weitgehend",
        "plutôt_d'accord plutôt_oui plutôt assez_d'accord algo_de_acuerdo más_bien_de_acuerdo",
        "abbastanza_d'accordo abbastanza piuttosto_d'accordo concordo_parcialmente",
        "enigszins_mee_eens enigszins_eens eerder_eens raczej_tak raczej_się_zgadzam",
        "kısmen_katılıyorum скорее_да скорее_согласен скорее_согласна instämmer_delvis",
        "instämmer_till_stor_del やや当てはまる ややあてはまる まあ当てはまる",
        "ややそう思う まあそう思う どちらかといえばそう思う やや同意する 比较同意",
        "比较符合 基本同意 基本符合 대체로_그렇다",
    )
    | _words(
        0.25,
        "slightly slightly_disagree somewhat_disagree rather_disagree mostly_disagree",
        "probably_not tend_to_disagree not_really trifft_eher_nicht_zu trifft_kaum_zu",
        "trifft_weniger_zu trifft_wenig_zu stimme_eher_nicht_zu eher_nein eher_nicht",
        "stimmt_eher_nicht stimmt_kaum plutôt_pas_d'accord plutôt_non plutôt_pas peu_d'accord",
        "algo_en_desacuerdo más_bien_en_desacuerdo poco_d'accordo discordo_parcialmente",
        "enigszins_mee_oneens enigszins_oneens eerder_oneens raczej_nie raczej_się_nie_zgadzam",
        "kısmen_katılmıyorum скорее_нет скорее_не_согласен скорее_не_согласна",
        "instämmer_till_liten_del あまり当てはまらない あまりあてはまらない あまりそう思わない",
        "どちらかといえばそう思わない あまり同意しない 不太同意 不太符合 별로_그렇지_않다",
        "대체로_그렇지_않다",
    )
    | _words(
        0.5,
        "partial partly partially partially_relevant somewhat somewhat_relevant",
        "partially_correct",
        "medium average fair neutral related marginal marginally_relevant so-so mixed okay",
        "half_right partly_relevant partly_correct moderately_relevant",
        "△ 普通 どちらとも言えない 一部 部分的 やや関連 まあまあ",
        "teilweise mittel teils teilweise_relevant teilweise_richtig mittelmäßig neutral",
        "partiellement en_partie moyen parcialmente parcial regular en_parte parziale in_parte",
        "部分 部分相关 部分正确 一般 中 보통 부분",
        "neither neither_agree_nor_disagree undecided teils_teils teils/teils weder_noch",
        "ni_d'accord_ni_pas_d'accord ni_de_acuerdo_ni_en_desacuerdo né_d'accordo_né_in_disaccordo",
        "não_concordo_nem_discordo neutro neutraal kararsızım нейтрально neutralny محايد",
        "ani_tak,_ani_nie ani_tak_ani_nie どちらでもない どちらともいえない 中立",
        "보통이다 그저_그렇다",
    )
    | _words(
        0.0,
        "- -- ---",
        "no n false f wrong incorrect irrelevant bad poor terrible negative neg fail failed",
        "no_match",
        "mismatch not_relevant non-relevant nonrelevant non_relevant not_helpful unhelpful",
        "useless",
        "not_useful dislike down thumbs_down thumbsdown thumb_down downvote reject rejected",
        "unrelated",
        "not_correct not_right not_a_match not_answered invalid low none_of_these very_bad awful",
        "not_related completely_irrelevant totally_irrelevant nope off-topic off_topic",
        "contradiction contradictory unsupported not_supported deleted removed trifft_nicht_zu",
        "mauvaise_réponse réponse_incorrecte nul nulle très_mauvais muy_malo respuesta_incorrecta",
        "pessimo falsche_antwort ungenügend mangelhaft nicht_korrekt wrong_answer",
        "incorrect_answer",
        "strongly_disagree disagree stimme_nicht_zu not_good not_accepted unaccepted",
        "とても悪い 大変悪い 不満 とても不満 役に立たない 合っていない 合わない 誤答",
        "当てはまらない",
        "間違っている 無 非常差 很差 完全不相关 完全错误 错误答案 不满意 매우_나쁨 나쁨 관련_없음",
        "unsuitable",
        "× ✕ ✖ ✗ ✘ ☓ いいえ 間違い 誤り 不正解 不適切 無関係 関連なし 関連しない 悪い 不可",
        "不合格 低い 役に立たなかった",
        "👎 👎🏻 👎🏼 👎🏽 👎🏾 👎🏿 ❌ ❎ 🚫 🙁 ☹ ☹️ 😞 😠 😡",
        "nein falsch schlecht sehr_schlecht irrelevant unpassend unzutreffend nicht_relevant",
        "nicht_passend nicht_hilfreich durchgefallen passt_nicht stimmt_nicht nicht_richtig",
        "inkorrekt",
        "non faux fausse mauvais mauvaise inexact pas_pertinent non_pertinent hors_sujet inutile",
        "falso incorrecto incorrecta irrelevante malo mala inútil no_relevante equivocado",
        "sbagliato",
        "errato cattivo non_rilevante não nao errado incorreto ruim nee onwaar fout slecht",
        "onjuist",
        "否 错 錯 错误 錯誤 不相关 不相關 无关 不对 差 不好 没用 踩 假 아니오 아니요 틀림 오답",
        "무관",
        "нет неверно неправильно плохо hayır yanlış kötü nie fałsz źle",
        "not_at_all never completely_disagree totally_disagree fully_disagree not_helpful_at_all",
        "definitely_not absolutely_not very_dissatisfied",
        "trifft_überhaupt_nicht_zu trifft_gar_nicht_zu trifft_absolut_nicht_zu überhaupt_nicht",
        "stimme_überhaupt_nicht_zu stimme_gar_nicht_zu lehne_ab stimmt_gar_nicht",
        "stimmt_überhaupt_nicht gar_nicht",
        "pas_d'accord pas_du_tout_d'accord pas_du_tout non_pas_du_tout en_désaccord",
        "totalement_en_désaccord en_desacuerdo totalmente_en_desacuerdo muy_en_desacuerdo",
        "completamente_en_desacuerdo para_nada nada_de_acuerdo in_disaccordo per_niente",
        "per_niente_d'accordo per_nulla_d'accordo per_nulla completamente_in_disaccordo",
        "discordo_totalmente discordo helemaal_mee_oneens helemaal_oneens mee_oneens oneens",
        "zeer_mee_oneens helemaal_niet klopt_niet zdecydowanie_nie nie_zgadzam_się",
        "zdecydowanie_się_nie_zgadzam kesinlikle_katılmıyorum katılmıyorum",
        "полностью_не_согласен полностью_не_согласна не_согласен не_согласна instämmer_inte",
        "instämmer_inte_alls håller_inte_med uenig helt_uenig غير_موافق_بشدة غير_موافق خطأ لا",
        "全く当てはまらない まったく当てはまらない あてはまらない 全然当てはまらない そう思わない",
        "全くそう思わない まったくそう思わない 同意しない 全く同意しない",
        "非常不同意 完全不同意 不同意 非常不符合 完全不符合 不符合 전혀_그렇지_않다 그렇지_않다",
        "매우_동의하지_않음 동의하지_않음 전혀_동의하지_않음",
        "nej nei ei ne nem nu όχι לא नहीं không ไม่ ไม่ใช่ tidak ng nok not_ok not_okay nicht_ok",
        "nicht_okay n.i.o. n._i._o. n.o.k. 誤",
    )
)
# Words that say yes or no, much or little, without saying of what: alone they judge no answer.
NEUTRAL_WORDS = frozenset(
    _words(
        0.5,
        "+ ++ +++ - -- ---",
        "yes y true t no n false f nope up down ok okay pos neg positive negative neutral mixed",
        "valid invalid full high medium low average active deleted removed duplicate answered",
        "not_answered passed regular moyen mittel teils teilweise partial partly partially",
        "partiellement en_partie parcialmente parcial en_parte parziale in_parte",
        "ja nein oui non sí si sim não nao vero falso verdadero verdadeiro vrai faux wahr waar",
        "onwaar nee да нет evet hayır tak nie prawda fałsz",
        "○ 〇 ◯ △ × ✕ ✖ はい いいえ 有 無 可 不可 高い 低い 普通 一部 部分的 満足 とても満足",
        "不満 とても不満 是 否 部分 一般 中 真 假 满意 不满意 예 네 아니오 아니요 보통 부분",
        "✓ ✔ ✔️ ✅ ☑ ✗ ✘ ☓ ❌ ❎ 🚫 نعم لا",
        "completely fully absolutely definitely entirely very_much always mostly probably slightly",
        "never neither undecided völlig vollkommen weitgehend totalmente completamente abbastanza",
        "plutôt neutro neutraal нейтрально neutralny محايد どちらでもない 中立 very_satisfied",
        "very_dissatisfied not_at_all not_really sì kyllä joo ano igen da ναι כן हाँ हां có vâng ใช่",
        "ya iya nej nei ei ne nem nu όχι לא नहीं không ไม่ ไม่ใช่ tidak",
    )
)
# A cross or tick, where the other cells of the column are empty.
TICKS = frozenset(("x", "+", "✗", "✓", "✔", "☑", "✅", "●", "•", "*"))
# The rater has no opinion: neither right nor wrong.
PASS_WORDS = frozenset(
    word.replace("_", " ")
    for word in [
        "cannot_say",
        "can't_say",
        "can't_tell",
        "cannot_tell",
        "don't_know",
        "do_not_know",
        "dont_know",
        "unsure",
        "not_sure",
        "unknown",
        "unclear",
        "skip",
        "skipped",
        "?",
        "わからない",
        "判断できない",
        "不明",
        "weiß_nicht",
        "weiss_nicht",
        "keine_angabe",
        "unklar",
        "unsicher",
        "je_ne_sais_pas",
        "sans_avis",
        "no_sé",
        "no_lo_sé",
        "non_so",
        "不确定",
        "不知道",
        "모름",
    ]
)
_UNIT = r"(?:stars?|点|points?|pts?|punkte?|sterne?|étoiles?|estrellas?|星|分|점)?"
_MARKED = re.compile(
    rf"(?P<number>[-+]?\d[\d.,'’ \u00a0\u202f]*)\s*"
    rf"(?P<mark>%|/\s*(?P<of>\d+)|(?:of|von|sur|de)\s*(?P<out>\d+))?\s*{_UNIT}"
)
_LABELLED = re.compile(r"([-+]?\d+(?:[.,]\d+)?)\s*[-–—:=.)(]\s*[^\W\d].*", re.DOTALL)
_GROUPED = {sign: re.compile(rf"[-+]?[1-9]\d{{0,2}}(?:{re.escape(sign)}\d{{3}})+") for sign in ".,"}


@dataclass(frozen=True)
class RatingScale:
    """A scale of ratings: ``low`` counts as 0, ``high`` as 1; school grades go from 6 to 1."""

    low: float
    high: float

    @property
    def key(self) -> str:
        """The name, for example ``1-5``."""
        return f"{self.low:g}-{self.high:g}"

    def grade(self, value: np.ndarray) -> np.ndarray:
        """Return ratings as grades in [0, 1]; beyond the ends they count as the end."""
        grades = (np.asarray(value, np.float64) - self.low) / (self.high - self.low or 1.0)
        return np.clip(grades, 0.0, 1.0)

    def holds(self, value: float) -> bool:
        """Return True for a rating that lies on the scale."""
        return min(self.low, self.high) <= value <= max(self.low, self.high)


SCALES: Mapping[str, RatingScale] = MappingProxyType(
    {
        scale.key: scale
        for scale in map(
            RatingScale,
            (1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 5, 6, 1),
            (5, 1, 2, 3, 4, 5, 7, 10, 10, 100, 100, 3, 4, 6, 1, 1, 0),
        )
    }
)
FIVE, HUNDRED, SCHOOL = "1-5", "0-100", "6-1"


_LONGEST_RATING = 300  # characters that say what it means


def plain_rating(text: str) -> str:
    """Return a rating folded: case, width, minus signs, outer spaces."""
    if len(text) > _LONGEST_RATING:
        return text  # a text, which nobody has to compare
    folded = unicodedata.normalize("NFKC", text).strip().casefold()
    if _SIGN.fullmatch(sign := folded.translate(_DASHES)):
        return sign
    return folded.replace("\u2212", "-").replace("\u2013", "-") if "-" not in folded else folded


def _stars(plain: str) -> float | None:
    if plain and set(plain) <= set("★☆⭐🌟\ufe0f "):
        return float(sum(map(plain.count, "★⭐🌟")))
    return None


@dataclass(frozen=True)
class Numbers:
    """The numbers of a column.

    Attributes
    ----------
    values : mapping of text to float
        Texts that are no number are absent.
    percent : bool
        Most have a per cent sign: values are points of 100.
    out_of : float
        What most are a part of (``8/10``: 10), 0 where they are not.
    doubt : str
        A value that may be read in two ways (``1,234``), "" where none is.
    """

    values: Mapping[str, float]
    percent: bool
    out_of: float
    doubt: str = ""


def read_numbers(texts: Iterable[str]) -> Numbers:
    """Read the numbers of a column, ``1.000,5`` and ``1,000.5`` told apart by all of them."""
    plain = {text: plain_rating(text) for text in set(texts) if text}
    marked: dict[str, re.Match[str]] = {}
    values: dict[str, float] = {}
    for text, folded in plain.items():
        stars = _stars(folded)
        match = _MARKED.fullmatch(folded)
        if stars is not None:
            values[text] = stars
        elif match is not None:
            marked[text] = match
        else:
            labelled = _LABELLED.fullmatch(folded)  # "0 - not relevant"
            if labelled is not None and (match := _MARKED.fullmatch(labelled[1])) is not None:
                marked[text] = match
                continue
            try:
                value = float(folded)
            except ValueError:
                continue
            if np.isfinite(value):
                values[text] = value
    bodies = {text: re.sub("['’ \u00a0\u202f]", "", m["number"]) for text, m in marked.items()}
    decimal, doubt = _decimal_sign(bodies.values())
    for text, body in bodies.items():
        plain_number = _plain_number(body, decimal)
        if plain_number is not None:
            values[text] = plain_number
    percents = sum(1 for match in marked.values() if match["mark"] == "%")
    parts = Counter(
        float(match["of"] or match["out"])
        for text, match in marked.items()
        if text in values and (match["of"] or match["out"])
    )
    percent = percents > len(values) / 2
    if percents and not percent:  # a few among shares
        for text, match in marked.items():
            if match["mark"] == "%":
                values[text] /= 100
    out_of, count = parts.most_common(1)[0] if parts else (0.0, 0)
    return Numbers(values, percent, out_of if count > len(values) / 2 else 0.0, doubt)


def _plain_number(body: str, decimal: str) -> float | None:
    """Return a number; the column's decimal sign decides only where both readings are possible."""
    comma, point = body.rfind(","), body.rfind(".")
    if comma >= 0 and point >= 0:
        decimal = "," if comma > point else "."
    elif comma >= 0 or point >= 0:
        sign = "," if comma >= 0 else "."
        grouped = bool(_GROUPED[sign].fullmatch(body))
        if body.count(sign) > 1 and not grouped:
            return None
        if body.count(sign) == 1 and not grouped:
            decimal = sign
        elif body.count(sign) > 1:
            decimal = "." if sign == "," else ","
    other = "," if decimal == "." else "."
    try:
        number = float(body.replace(other, "").replace(decimal, "."))
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _decimal_sign(bodies: Iterable[str]) -> tuple[str, str]:
    """Return the decimal sign of a column, and a number that leaves it open."""
    votes: Counter[str] = Counter()
    grouped: dict[str, str] = {}
    for body in sorted(bodies):  # the same example whatever the order
        comma, point = body.rfind(","), body.rfind(".")
        if comma >= 0 and point >= 0:
            votes["," if comma > point else "."] += 1
        elif comma >= 0 or point >= 0:
            sign = "," if comma >= 0 else "."
            if body.count(sign) > 1:
                votes["." if sign == "," else ","] += 1
            elif _GROUPED[sign].fullmatch(body):
                grouped.setdefault(sign, body)
            else:
                votes[sign] += 1
    if votes:
        return votes.most_common(1)[0][0], ""
    if "," in grouped:  # 1,000: a thousand wherever nothing else speaks for a decimal comma
        return ".", grouped[","]
    return ".", grouped.get(".", "")


def _find_scale(values: np.ndarray, numbers: Numbers) -> RatingScale:
    """Return the scale that a column of ratings is on, judged by all its values."""
    if numbers.percent:
        return SCALES[HUNDRED]
    if numbers.out_of:  # stars: nobody can give fewer than one
        least = 1 if numbers.out_of == USUAL_HIGHEST and min(values, default=0) == 1 else 0
        return RatingScale(least, numbers.out_of)
    if not len(values):
        return SCALES["0-1"]
    usual = values[values <= USUAL_HIGHEST]
    if len(usual) > 0 and (usual > 0).any() and len(usual) >= (1 - _SLIPS) * len(values):
        values = usual
    high = float(values.max())
    whole = bool((values == np.round(values)).all())
    if high <= 1:
        return SCALES["0-1"]
    if high == USUAL_HIGHEST and values.min() >= 1 and (values * 2 == np.round(values * 2)).all():
        return SCALES[FIVE]  # stars: nobody can give fewer than one
    if high <= USUAL_HIGHEST:
        return RatingScale(0, high)
    for most in (7, 10, 100):
        if high <= most:
            return RatingScale(1 if whole and values.min() >= 1 and most < 100 else 0, most)
    return RatingScale(0, high)


@dataclass(frozen=True, eq=False)
class Judgements:
    """A column of ratings as grades.

    Attributes
    ----------
    grade : float32 array [n] in [0, 1]
        NaN where the rating is a word that nobody knows, or missing while other rows have one.
    unknown : mapping of str to int
        Those words, and how often each stands there.
    scale : RatingScale or None
        None where there is no number.
    warnings : tuple of Message
    """

    grade: np.ndarray
    unknown: Mapping[str, int]
    scale: RatingScale | None
    warnings: tuple[Message, ...]


def judge(
    texts: Sequence[str],
    rows: Sequence[int],
    *,
    scale: str = "",
    words: Sequence[tuple[str, float]] = (),
    wrong: bool = False,
    smaller: bool = False,
) -> Judgements:
    """Turn a column of ratings into grades; nothing that is not understood counts as right.

    The highest usual rating becomes 1, the lowest of the scale 0 (explicitly not right): of 1 to 5
    stars the single one. Where no row is rated at all, every answer is right; where some are, the
    others are not rated. Ratings above 5 are taken as 5 where they are rare; where more than one
    in ten is above 5, the column is on a larger scale (1–7, 0–10, 0–100, its highest value).

    Parameters
    ----------
    scale : str
        Key of :data:`SCALES`; "" = found from the values.
    words : sequence of (word, grade)
        What the user said that words mean.
    wrong : bool
        The column says what is wrong: yes and 1 are not right, no and 0 are.
    smaller : bool
        The column says how far away an answer is: the smaller, the better.
    """
    texts = rated_cells(texts)
    said = school_grades(texts) | sign_grades(texts)
    numbers = read_numbers(text for text in texts if plain_rating(text) not in said)
    said |= {plain_rating(word): grade for word, grade in words}
    tick = _only_tick(texts)
    if tick:
        said.setdefault(tick, 1.0)
    meaning: dict[str, float] = {}  # of ratings in words
    unknown: Counter[str] = Counter()
    passed: list[int] = []
    worded: dict[str, list[int]] = {}
    for text, row in zip(texts, rows, strict=True):
        if not text or text in numbers.values:
            continue
        plain = plain_rating(text)
        grade = said.get(plain, RATING_WORDS.get(plain))
        if grade is not None:
            meaning[text] = grade
            worded.setdefault(text, []).append(row)
        elif plain in PASS_WORDS:
            passed.append(row)
        else:
            unknown[text] += 1
    value = np.array([numbers.values.get(text, np.nan) for text in texts], np.float64)
    known = ~np.isnan(value)
    warnings = []
    chosen = SCALES.get(scale) or (_find_scale(value[known], numbers) if known.any() else None)
    grade_ = np.ones(len(texts))
    if chosen is not None:
        warnings += _number_warnings(value, known, chosen, rows, numbers, given=bool(scale))
        grade_[known] = chosen.grade(value[known])
    for i, text in enumerate(texts):
        if text in meaning:
            grade_[i] = meaning[text]
        elif text in unknown:
            grade_[i] = np.nan
    if smaller and not wrong and not scale:
        grade_ = 1 - grade_
        said_ = N_(
            "The name of the rating says how far away an answer is, so it was turned round: the "
            "smaller, the better."
        )
        warnings.append(Message(said_, {}))
    if wrong:
        grade_ = 1 - grade_
        grade_[[not text for text in texts]] = 1
        said_ = N_(
            "The name of the rating says what is wrong, so it was turned round: 1 and “yes” mean "
            "that the answer is wrong, 0 and “no” that it is right."
        )
        warnings.append(Message(said_, {}))
    if passed:
        grade_[np.isin(np.array(rows), passed)] = np.nan
        said_ = N_("“Cannot say” and the like: neither right nor wrong. Rows: {rows} ({count}).")
        warnings.append(Message(said_, {"count": len(passed), "rows": row_list(passed)}))
    if worded and known.any():
        odd = [row for group in worded.values() for row in group]
        said_ = N_(
            "Ratings that are not numbers were read as words: {words}. Rows: {rows} ({count} in "
            "all)."
        )
        warnings.append(Message(said_, _counted(odd, words=_meanings(meaning))))
    elif worded:
        said_ = N_("Ratings in words were read as: {words}.")
        warnings.append(Message(said_, {"words": _meanings(meaning)}))
    if unknown:
        counts = ", ".join(f"{word[:30]} ({n})" for word, n in unknown.most_common(8))
        said_ = N_(
            "Ratings whose meaning is not known: {words}. Their rows are set aside; say which of "
            "them mean “right”."
        )
        warnings.append(Message(said_, {"words": counts, "count": sum(unknown.values())}))
    blank = [row for text, row in zip(texts, rows, strict=True) if not text]
    marked = set(filter(None, texts))
    if blank and not wrong and len(marked) == 1 and (tick or plain_rating(*marked) in _MARKS):
        grade_[[not text for text in texts]] = np.nan
        said_ = N_(
            "Only “{mark}” stands in the ratings, else nothing: rows with it count as right, rows "
            "without it are set aside. Rows: {rows} ({count} in all)."
        )
        warnings.append(Message(said_, _counted(blank, mark=next(iter(marked)))))
    elif (  # a word that nobody knows may say that its row is right
        blank
        and not wrong
        and marked
        and not unknown
        and not np.nansum(grade_[[*map(bool, texts)]])
    ):
        said_ = N_(
            "Rows without a rating count as “right”, since all rated ones are wrong. Rows: {rows} "
            "({count} in all)."
        )
        warnings.append(Message(said_, _counted(blank)))
    elif blank and not wrong and marked:
        grade_[[not text for text in texts]] = np.nan
        said_ = N_(
            "Rows without a rating are not rated, as others are, and set aside. Rows: {rows} "
            "({count} in all). If they are right, fill in their ratings or choose no rating."
        )
        warnings.append(Message(said_, _counted(blank)))
    return Judgements(grade_.astype(np.float32), unknown, chosen, tuple(warnings))


_LETTERS = dict(zip("abcdef", (1.0, 0.75, 0.5, 0.25, 0.0, 0.0), strict=True))


def school_grades(texts: Iterable[str]) -> dict[str, float]:
    """Return what the letters A to F mean where a column holds them as school grades."""
    distinct = {plain_rating(text) for text in set(texts) if text and not is_nothing(text)}
    letters = {text for text in distinct if text.rstrip("+-") in _LETTERS}
    if len(letters) < max(2, len(distinct)) or not letters - {"f", "c"}:
        return {}
    return {text: _LETTERS[text.rstrip("+-")] for text in letters}


def _signs(texts: Iterable[str]) -> dict[str, int]:
    """Return how many signs plus (or minus, below 0) a column holds where a plus is among them."""
    plain = {plain_rating(text) for text in set(texts) if text and text.strip()}
    steps = {sign: sign.count("+") - sign.count("-") for sign in plain if _SIGN.fullmatch(sign)}
    if max(steps.values(), default=0) <= 0:
        return {}
    others = {text for text in plain - steps.keys() if not is_nothing(text)}
    return steps | dict.fromkeys(others, 0) if others <= _BETWEEN else steps


def judging_minus(texts: Sequence[str]) -> frozenset[str]:
    """Return the cells of a column in which a minus, or a dash, says that an answer is wrong.

    They do beside a plus; elsewhere such cells are empty.
    """
    distinct = set(texts)
    steps = _signs(distinct)
    return frozenset(text for text in distinct if steps.get(plain_rating(text), 0) < 0)


def rated_cells(texts: Sequence[str]) -> list[str]:
    """Return the cells of a column of ratings, "" where they say that there is none."""
    minus = judging_minus(texts)
    return ["" if is_nothing(text) and text not in minus else text for text in texts]


def sign_grades(texts: Iterable[str]) -> dict[str, float]:
    """Return what plus and minus mean: the most plus signs are right, the most minus signs wrong.

    Where no minus stands in the column, it goes as far down as the plus goes up.
    """
    steps = _signs(texts)
    if not steps:
        return {}
    high = max(steps.values())
    low = min(0, *steps.values()) or -high
    return {plain: (step - low) / (high - low) for plain, step in steps.items()}


_MARKS = frozenset(("1", "yes", "y", "true", "right", "correct", "ja", "oui", "sí", "ok"))


def _only_tick(texts: Sequence[str]) -> str:
    """Return the tick that is all that a column holds beside empty cells, "" if it is not so."""
    distinct = {plain_rating(text) for text in set(texts) if text and not is_nothing(text)}
    blank = any(not text or is_nothing(text) for text in texts)
    return next(iter(distinct)) if blank and len(distinct) == 1 and distinct <= TICKS else ""


def _counted(rows: Sequence[int], **values: str | int | float) -> dict[str, str | int | float]:
    return {"count": len(rows), "rows": row_list(rows), **values}


def _meanings(meaning: Mapping[str, float]) -> str:
    return ", ".join(f"{word} = {grade:g}" for word, grade in list(meaning.items())[:12])


def _number_warnings(
    value: np.ndarray,
    known: np.ndarray,
    scale: RatingScale,
    rows: Sequence[int],
    numbers: Numbers,
    *,
    given: bool,
) -> list[Message]:
    warnings = []
    negative = [rows[i] for i in np.flatnonzero(known & (value < 0)).tolist()]
    if negative:
        text = N_("Ratings below 0 count as “not right”. Rows: {rows} ({count} in all).")
        warnings.append(Message(text, _counted(negative)))
    most = max(scale.low, scale.high)
    above = [rows[i] for i in np.flatnonzero(known & (value > most)).tolist()]
    if above:
        text = N_("Ratings above {highest} count as {highest}. Rows: {rows} ({count} in all).")
        warnings.append(Message(text, _counted(above, highest=f"{most:g}")))
    if scale.high > 1 and not given:
        text = N_(
            "Ratings were read as {low} to {high}: {high} counts as the best rating of the file, "
            "{low} as not right."
        )
        values: dict[str, str | int | float] = {"low": f"{scale.low:g}", "high": f"{scale.high:g}"}
        warnings.append(Message(text, values))
    return warnings + doubtful_number(numbers)


def doubtful_number(numbers: Numbers) -> list[Message]:
    """Return a sentence on a number that may be read in two ways, where there is one."""
    if not numbers.doubt:
        return []
    text = N_(
        "{number} may be read in two ways; it was read as {value}. Look at the numbers before you "
        "go on."
    )
    read = next(v for k, v in sorted(numbers.values.items()) if numbers.doubt in plain_rating(k))
    return [Message(text, {"number": numbers.doubt, "value": f"{read:g}"})]


def grades(texts: Sequence[str], rows: Sequence[int]) -> tuple[np.ndarray, list[Message]]:
    """Return a relevance grade per row, see :func:`judge`, and what was odd about the ratings."""
    judged = judge(texts, rows)
    return judged.grade, list(judged.warnings)


def looks_like_ratings(texts: Sequence[str], *, named: bool) -> bool:
    """Tell whether a column judges something: few small numbers, or words such as yes and no.

    Parameters
    ----------
    texts : sequence of str
        Without empty ones.
    named : bool
        Its name speaks of a rating: then any numbers do, and most of its words may be unknown.
    """
    distinct = set(texts)
    if not distinct:
        return False
    numbers = read_numbers(distinct).values
    share = sum(text in numbers for text in texts) / len(texts)
    plain = {text: plain_rating(text) for text in distinct}
    known = {t for t, p in plain.items() if p in RATING_WORDS or p in PASS_WORDS}
    words = sum(text in known for text in texts) / len(texts)
    if named:
        few_words = len(distinct) <= 12 and max(map(len, distinct)) <= 40
        return share >= 0.5 or share + words >= 0.5 or few_words
    if share == 1 and len(distinct) > 1 and set(numbers.values()) <= {-1, 0, 1}:
        return True
    if share >= 0.95 and 2 <= len(distinct) <= 7:
        return all(0 <= value <= 5 for value in numbers.values())
    return share + words >= 0.9 and words > 0 and 2 <= len(distinct) <= 7
