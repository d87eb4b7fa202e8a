"""Which language a column is in by its name, and which question goes with which answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from core.data.columns.column_names import LANGUAGE_CODES, name_list, plain_name, words_of

_ALIASES = {"jp": "ja", "cn": "zh"}
# Languages as names of columns write them out. A word of five letters or more may go on: deutsche.
_WRITTEN: Mapping[str, tuple[str, ...]] = {
    "de": name_list(
        "deutsch german allemand alemán aleman alemão tedesc duits niemieck almanca немецк tysk",
        "ドイツ語 德语 德文 德語 독일어",
    ),
    "en": name_list(
        "english englisch anglais inglés ingles inglês inglese engels angielsk ingilizce английск",
        "engelsk anglick angol englanti англійськ 英語 英语 英文 영어",
    ),
    "fr": name_list(
        "french französisch franzoesisch français francais francés frances francês francese frans",
        "francusk fransızca французск fransk フランス語 法语 法文 法語 프랑스어",
    ),
    "es": name_list(
        "spanish spanisch espagnol español espanol espanhol spagnol spaans hiszpańsk ispanyolca",
        "испанск spansk castellano スペイン語 西班牙 스페인어",
    ),
    "it": name_list(
        "italian italienisch italien italiaans włosk italyanca итальянск イタリア語 意大利",
        "이탈리아어",
    ),
    "pt": name_list(
        "portuguese portugiesisch portugais portugués português portoghese portugees portugalsk",
        "portekizce португальск ポルトガル語 葡萄牙 포르투갈어",
    ),
    "nl": name_list(
        "dutch niederländisch holländisch néerlandais neerlandés holandés olandese nederlands",
        "holendersk felemenkçe オランダ語 荷兰 네덜란드어",
    ),
    "pl": name_list("polish polnisch polonais polaco polacco pools polsk lehçe польск 波兰"),
    "sv": name_list("swedish schwedisch suédois sueco svedese zweeds szwedzk svensk"),
    "da": name_list("danish dänisch danois danés danese deens duńsk dansk"),
    "no": name_list("norwegian norwegisch norvégien noruego norvegese noors norsk"),
    "fi": name_list("finnish finnisch finnois finlandés finlandese fins suomi suomeksi"),
    "cs": name_list("czech tschechisch tchèque checo ceco tsjechisch czesk česk"),
    "hu": name_list("hungarian ungarisch hongrois húngaro magyar"),
    "ro": name_list("romanian rumänisch roumain rumano română"),
    "el": name_list("greek griechisch grec griego greco grieks ελληνικ"),
    "tr": name_list("turkish türkisch turc turco turks tureck türkçe турецк トルコ語 土耳其"),
    "ru": name_list("russian russisch russe ruso russo rosyjsk rusça русск ロシア語 俄语 俄文"),
    "uk": name_list("ukrainian ukrainisch ukrainien ucraniano українськ украинск"),
    "ar": name_list("arabic arabisch arabe árabe arabo العربية عربي アラビア語 阿拉伯"),
    "ja": name_list(
        "japanese japanisch japonais japonés japonês giapponese japans japońsk japonca японск",
        "japansk 日本語 日语 日文 일본어",
    ),
    "zh": name_list(
        "chinese chinesisch mandarin chinois chino chinês cinese chinees chińsk çince китайск",
        "kinesisk 中国語 中文 汉语 簡体 繁体 简体 繁體 중국어",
    ),
    "ko": name_list(
        "korean koreanisch coréen coreano koreaans koreańsk korece корейск 韓国語 韩语 韩文 한국어"
    ),
}
# What questions and answers are called in each language. Some names serve two languages.
_OWN_NAMES: Mapping[str, tuple[str, ...]] = {
    "en": name_list("question questions query queries inquiry answer answers response reply"),
    "fr": name_list("question questions demande réponse réponses reponse reponses"),
    "de": name_list("frage fragen anfrage kundenfrage antwort antworten lösung loesung"),
    "es": name_list("pregunta preguntas consulta respuesta respuestas"),
    "it": name_list("domanda domande risposta risposte"),
    "pt": name_list("pergunta perguntas resposta respostas"),
    "nl": name_list("vraag vragen klantvraag antwoord antwoorden"),
    "pl": name_list("pytanie pytania odpowiedź odpowiedz odpowiedzi"),
    "sv": name_list("fråga frågor svar"),
    "da": name_list("spørgsmål svar"),
    "no": name_list("spørsmål svar"),
    "fi": name_list("kysymys kysymykset vastaus vastaukset"),
    "cs": name_list("otázka otázky dotaz odpověď odpovědi"),
    "hu": name_list("kérdés kérdések válasz válaszok"),
    "ro": name_list("întrebare întrebări intrebare răspuns răspunsuri raspuns"),
    "el": name_list("ερώτηση ερωτήσεις απάντηση απαντήσεις"),
    "tr": name_list("soru sorular cevap cevaplar yanıt"),
    "ru": name_list("вопрос вопросы ответ ответы"),
    "uk": name_list("запитання питання відповідь відповіді"),
    "ar": name_list("سؤال السؤال جواب الجواب إجابة الإجابة"),
    "he": name_list("שאלה תשובה"),
    "vi": name_list("câuhỏi trảlời câutrảlời"),
    "id": name_list("pertanyaan jawaban"),
    "ja": name_list("質問 問い合わせ 回答 答え 返答"),
    "zh": name_list("问题 問題 提问 问句 答案 回答 答复 答覆"),
    "ko": name_list("질문 답변"),
}
_WITHOUT_SPACES = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_GOES_ON = 5  # letters of a word that may have an ending
_OTHER_WORDS = frozenset(["it", "no"])  # codes that are words of their own: an IT question


@cache
def languages_of(name: str) -> frozenset[str]:
    """Return the languages that a column may be in by its name, as codes of two letters.

    One that is named (``Frage EN``, ``質問（英語）``) counts alone, else those in which the name is
    a word: ``Antwort``. Empty where the name says nothing.
    """
    named = _named_language(name)
    return frozenset([named]) if named else _own_languages(name)


@cache
def _own_languages(name: str) -> frozenset[str]:
    words = {plain_name(name), *words_of(name)}
    return frozenset(
        code
        for code, names in _OWN_NAMES.items()
        if any(own in words or _stands_inside(own, name) for own in names)
    )


def languages_among(name: str, columns: Iterable[str]) -> frozenset[str]:
    """Return the languages of a column, where IT and no name one only beside other languages.

    Parameters
    ----------
    columns : iterable of str
        All columns of the table.
    """
    code = _named_language(name)
    if code in _OTHER_WORDS and code in words_of(name):
        others = {_named_language(column) for column in columns} - {code, ""}
        return languages_of(name) if others else _own_languages(name)
    return languages_of(name)


def without_language(name: str) -> str:
    """Return the words of a name but those that name a language: ``Antwort EN``."""
    return " ".join(
        word for word in words_of(name) if word not in LANGUAGE_CODES and not _written(word)
    )


def agree(question: str, answer: str) -> bool:
    """Tell whether two columns may be in one language by their names."""
    languages = languages_of(question), languages_of(answer)
    return not all(languages) or bool(languages[0] & languages[1])


def ending_of(name: str) -> str:
    """Return the language that a name names, or the number that it ends with; "" without."""
    digits = re.search(r"\d+$", plain_name(name))
    return _named_language(name) or (digits[0] if digits else "")


@cache
def _named_language(name: str) -> str:
    words, begin = words_of(name), name.strip()
    ends = list(words[-1:])
    if begin[:2].isupper() or not begin[2:3].isspace():  # "De vraag" is Dutch
        ends += words[:1]
    for word in ends if len(words) > 1 else ():
        if word in LANGUAGE_CODES:
            return _ALIASES.get(word, word)
    for code, names in _WRITTEN.items():
        for written in names:
            if _stands_inside(written, name) or any(_is_form(word, written) for word in words):
                return code
    return ""


def _written(word: str) -> bool:
    """Tell whether a word is the name of a language."""
    return any(_is_form(word, written) for names in _WRITTEN.values() for written in names)


def _is_form(word: str, written: str) -> bool:
    return word == written or (len(written) >= _GOES_ON and word.startswith(written))


def _stands_inside(part: str, name: str) -> bool:
    return bool(_WITHOUT_SPACES.match(part)) and part in plain_name(name)


def further_pairs(
    question: str, answer: str, others: Mapping[str, Sequence[str]], columns: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Return more pairs of columns: each question with the answer in its language.

    Parameters
    ----------
    question, answer : str
        The columns that are taken.
    others : mapping of role to sequence of str
        More columns of questions and of answers.
    columns : sequence of str
        All columns in their order.
    """
    pairs: list[tuple[str, str]] = []
    used: set[str] = set()
    for other in others["question"]:
        free = [a for a in others["answer"] if a not in used]
        twin = _twin(other, question, free, columns)
        used |= {twin} if twin else set()
        pairs.append((other, twin or answer))
    pairs += [(question, a) for a in others["answer"] if a not in used]
    return tuple(pairs)


def _twin(other: str, question: str, answers: Sequence[str], columns: Sequence[str]) -> str | None:
    """Return the answer that has the ending or the language of a question, or stands behind it."""
    end = ending_of(other)
    same = [a for a in answers if end and ending_of(a) == end]
    if same:
        return same[0]
    alike = languages_of(other) & languages_of(question)
    if alike and ending_of(question) in ("", end):
        return None  # another wording in the same language
    spoken = [a for a in answers if languages_of(other) & languages_of(a)]
    behind = columns[columns.index(other) + 1 :][:1]
    near = [a for a in answers if a in behind and agree(other, a)]
    return next(iter([*spoken, *near]), None)
