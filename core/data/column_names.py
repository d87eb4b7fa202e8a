"""What the names of columns say, in many languages: roles, counts, what is wrong, who rated."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

_LONGEST_NAME = 300  # characters of a column name that say what it is
_SEVERAL = 50_000  # names of columns whose meaning is remembered: of any file that can be read


def name_list(*texts: str) -> tuple[str, ...]:
    """Return the words of several texts."""
    return tuple(name for text in texts for name in text.split())


# Per role the names in order of preference, as plain_name() leaves them. A name counts when it is
# equal, when one of its words is (Latin letters), or when it contains the word (other scripts).
ROLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "question_id": name_list(
            "questionid queryid qid ticketid ticket caseid rowid id fragennummer fragenid",
            "frageid",
            "質問id 質問番号 問い合わせid 問い合わせ番号 番号 no",
        ),
        "answer_id": name_list(
            "answerid docid documentid passageid corpusid aid faqid antwortid antwortnummer",
            "回答id 回答番号 文書id",
        ),
        "question": name_list(
            "question questions query queries anchor customerquestion q",
            "instruction utterance utterances inquiry enquiry request prompt wording wordings",
            "userinput",
            "質問 問い合わせ 問合せ 問合わせ お問合せ 設問 クエリ 検索語 発話",
            "question1 sentence1 ask trainingphrases patterns examples expressions usersays",
            "searchterm searchquery faqquestion userquestion usermessage usertext quest",
            "frage fragen anfrage anfragen kundenfrage suchanfrage",
            "pregunta preguntas consulta consultas domanda domande pergunta perguntas vraag",
            "vragen",
            "pytanie вопрос вопросы soru sorular otázka fråga spørgsmål 问题 問題 提问 问句 질문",
            "demande requete requête input",
        ),
        "answer": name_list(
            "positivectxs positivepassages positivedocuments positives answer answers positive",
            "passage response responses reply replies a solution document rightanswer",
            "correctanswer goldanswer bestanswer acceptedanswer pos",
            "回答 答え 解答 返答 返信 応答 正解 回答文 対応内容",
            "answer1 sentence2 completion reference groundtruth resolution",
            "resolutionnotes closenotes closurenotes closingnotes",
            "faqanswer chosen antwort antworten lösung loesung réponse réponses reponse reponses",
            "respuesta respuestas risposta risposte resposta respostas antwoord antwoorden",
            "odpowiedź odpowiedz ответ ответы cevap cevaplar yanıt odpověď svar 答案 答复 答覆",
            "답변",
            "passages output context contexts ctxs documents docs doc passagetext",
            "expected expectedanswer expectedoutput expectedresponse idealanswer ideal",
            "targetanswer goldenanswer",
        ),
        "category": name_list(
            "category categories topic subject label intent section tag tags class",
            "カテゴリ カテゴリー 分類 ジャンル トピック 種別 区分",
            "kategorie kategorien thema rubrik catégorie categorie rubrique categoría categoria",
            "类别 分类 类目 카테고리",
        ),
        "rating": name_list(
            "rating ratings score grade stars relevance similarity",
            "評価 スコア 点数 評点 関連度 得点",
            "relevant isrelevant relevancy relevancescore relevancelabel iscorrect correct gold",
            "goldlabel judgement judgment verdict grading qrel isduplicate ismatch isanswer",
            "ispositive isright vote feedback helpful ishelpful thumbs thumb mark",
            "bewertung bewertungen note noten schulnote schulnoten schoolgrade schoolmark relevanz",
            "korrekt richtig punkte punktzahl einschätzung urteil",
            "évaluation evaluation pertinence noteattribuée puntuación puntuacion calificación",
            "calificacion relevancia valoración valoracion pertinente voto valutazione punteggio",
            "评分 得分 相关性 相关度 分数 评价 평점 점수",
        ),
        "language": name_list("language lang locale 言語 sprache langue idioma lingua 语言 언어"),
        "source": name_list(
            "source channel origin medium quelle kanal",
            "受付経路 経路 チャネル チャンネル 媒体 出典 情報源",
        ),
        "weight": name_list(
            "weight traffic searchvolume timesasked askcount questioncount frequency importance",
            "gewicht häufigkeit suchvolumen poids fréquence peso frecuencia frequenza",
            "重み 件数 問い合わせ件数 質問件数 頻度 检索量 权重 频次",
        ),
        "must_find": name_list(
            "mustfind mustfinds mustsucceed pflicht pflichtfrage obligatoire obligatorio",
            "必須 必須質問 必须",
        ),
    }
)


def _places(names: Sequence[str]) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """Return the place of each name; of those that count as a word inside; of other scripts."""
    place = {name: i for i, name in reversed(list(enumerate(names)))}
    # one letter is a name only where it stands alone: "a" is no answer in "is a test"
    words = {name: i for name, i in place.items() if name.isascii() and len(name) > 1}
    return place, words, {name: i for name, i in place.items() if not name.isascii()}


_PLACES = {role: _places(names) for role, names in ROLES.items()}
# Names that say little: a question or answer where nothing better is there, in this order.
WEAK_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "question": name_list("title heading headline sentence name message subject betreff text"),
        "answer": name_list(
            "text body content contents description article paragraph sentence value result"
        ),
    }
)
ATTRIBUTES = ("category", "language", "source")  # roles that tell questions apart
_NEGATIVE = re.compile(
    "negative|wrong|incorrect|irrelevant|rejected|distractor|不正解|誤答|負例|falsch|negativ|hallucinated|halluzin"
)
_NEGATIVE_WORDS = frozenset(name_list("neg negs bad negatives"))
_BAD = re.compile(
    "hallucinat|^(is|has)?errors?$|erroneous|fehler(haft)?$|outdated|obsolete|veraltet|toxic|spam"
    "|unanswerable|impossible|unhelpful|not(correct|relevant|helpful|right)|invalid|inkorrekt"
)
CODE_WORDS = frozenset(
    name_list(
        "id ids no number nr count date time url by length rank position index len datum author"
    )
)
# Numbers under such a name count or order something: no ratings, however small they are.
COUNTS = frozenset(
    name_list(
        "rank position pos index idx order priority count counts views clicks hits version page",
        "chunk year month day active enabled published status state age size tokens words level",
        "hits frequency usage used archived deleted visible sort nr no num number id ids row",
        "line",
        "tier step turn week hour duration seconds minutes price cost quantity amount escalated",
        "resolved open closed internal turns priorität prio anzahl",
        "recall precision ndcg map mrr accuracy top1 top3 top5 top10",  # of a search, not a pair
        "split fold chapter kapitel seite lesson",
    )
)
# The smaller, the better: such numbers are no plain judgement.
_SMALLER = frozenset(
    name_list(
        "distance distances dist dists loss losses perplexity ppl nll cost rank ranks ranking rang",
        "abstand distanz entfernung verlust perplexität perte distancia distanza pérdida",
        "距離 損失 順位 距离 损失 排名 거리 l2 euclidean divergence wer cer error errors fehler",
    )
)
_CODE_PARTS = ("番号", "日時", "日付", "件数", "担当", "文字数")
_TITLES = frozenset(
    name_list("title titles name heading headline titel überschrift titre título url")
)
_OF_SOURCE = tuple([word] for word in ["name", "type", "kind", "system", "title"])
_TEXT_ENDINGS = ("text", "texts", "value", "content", "body")
TEXT_ROLES = ("question", "answer")
# What lies beside a text in a nested record, whatever the record is called: question.dataset.
_BESIDE_TEXT = frozenset(
    name_list(
        "label labels type types status dataset source sources lang language license meshes user",
        "users score scores model models token tokens start end annotator annotators metadata",
        "role roles id ids author authors alias aliases",
    )
)
# Lists of what several people say about a pair.
ANNOTATIONS = frozenset(
    name_list(
        "annotations annotation ratings judgements judgments reviews evaluations votes labels",
        "assessments bewertungen évaluations evaluaciones 評価 アノテーション 标注 评价",
    )
)
# Columns that say who rated.
_RATERS = frozenset(
    name_list(
        "annotatedby annotateur annotator annotatore annotatorid annotatorin annotatorname",
        "annotatrice anotador anotadora assessor assessorid avaliador bearbeiter",
        "bearbeitetvon benutzer beurteiler bewerter bewerterid bewerterin bewertervon",
        "bewertetvon calificador checkedby checker coder completedby correcteur createdby",
        "crowdworker editor email evaluadopor evaluador evaluadora evaluatedby evaluateur",
        "evaluator evaluatorid expert experte expertid expertin experto gradedby grader",
        "gutachter gutachterid gutachterin judge judgedby judgeid judgename juez juge juror",
        "jurorin labeledby labeledbyname labeler labelerid labelername labelledby labeller",
        "lead mail mitarbeiter name nom nombre noteur nutzer owner participant participantid",
        "person personid pruefer ratedby rater raterid ratername raters ratersname relecteur",
        "respondent reviewedby reviewer reviewerid reviewername revisor revisora scoredby",
        "scorer turker user userid username usuario utilisateur valutatore who worker",
        "workerid workername",
        "notépar prüfer prüferin évaluateur évaluatrice évaluépar アノテーター ユーザ",
        "ユーザー レビュアー 专家",
        "作業者 判定者 名前 回答者 姓名 审核人",
        "审核员 專家 担当者 採点者 査読者 标注人 标注员 标注者 標註者 氏名",
        "用户 評価者 評価者id 評価者名 評分者",
        "評定者 評審 评价人 评价者 评估者 评分人 评分者 评委 评审 评审员 라벨러 심사자 평가자",
    )
)


@lru_cache(_SEVERAL)
def plain_name(name: str) -> str:
    """Return a column name without case, width, spaces and signs."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name[:_LONGEST_NAME]).casefold())


@lru_cache(_SEVERAL)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a column name, without case and width: ``isRight`` has two."""
    folded = unicodedata.normalize("NFKC", name[:_LONGEST_NAME])
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", folded)
    return tuple(word for word in re.split(r"[\W_]+", spaced.casefold()) if word)


@lru_cache(_SEVERAL)
def is_negative(name: str) -> bool:
    """Return True for columns of wrong answers: ``negative``, ``hard_negative_2``, ``neg``."""
    return bool(_NEGATIVE.search(plain_name(name))) or bool(_NEGATIVE_WORDS & set(words_of(name)))


def says_wrong(name: str) -> bool:
    """Return True where a name says that something is bad: ``is_wrong``, ``hallucinated``."""
    return is_negative(name) or bool(_BAD.search(plain_name(name)))


def is_school_mark(name: str, beside: Iterable[str]) -> bool:
    """Return True for German school marks, of which 1 is the best and 6 the worst.

    Parameters
    ----------
    beside : iterable of str
        The other columns: ``Note`` is a school mark only beside German names.
    """
    if re.search("schulnote|zensur|schoolgrade|schoolmark|notebene", plain_name(name)):
        return True
    german = any(
        re.match("frage|anfrage|kundenfrage|antwort|lösung|loesung|bewert", plain_name(other))
        for other in beside
    )
    return german and bool({"note", "noten"} & set(words_of(name)))


def says_who(name: str) -> bool:
    """Return True for columns of those who rated: ``annotator_id``, ``評価者``."""
    return plain_name(name) in _RATERS


def counts(name: str) -> bool:
    """Return True for names of what counts, orders or dates rows, such as ``page`` and ``year``."""
    words = set(words_of(name))
    return bool((COUNTS | CODE_WORDS) & words) and not smaller_is_better(name)


def smaller_is_better(name: str) -> bool:
    """Return True for the names of distances, losses and ranks."""
    plain = plain_name(name)
    return bool(_SMALLER & {*words_of(name), plain}) or any(
        word in plain for word in _SMALLER if not word.isascii()
    )


@lru_cache(_SEVERAL * 11)
def name_fit(name: str, role: str) -> tuple[int, int] | None:
    """Return how well a name fits a role, smaller is better, None where it does not."""
    plain, words = plain_name(name), words_of(name)
    coded = bool(CODE_WORDS & set(words)) or any(part in plain for part in _CODE_PARTS)
    coded = coded or (role == "answer" and bool(_TITLES & set(words)))
    known, longer, other_scripts = _PLACES[role]
    forms = [plain]
    if "." in name and role in TEXT_ROLES and _BESIDE_TEXT & set(words_of(name.split(".")[-1])):
        return None
    if "." in name and role in TEXT_ROLES:  # of a nested record, as deep as it lies
        forms += [plain_name(part) for part in reversed(name.split("."))]
    elif "." in name and role == "rating":
        return None  # a score inside an answer is its retriever's, not a judgement
    forms += [form.removesuffix(end) for form in forms[:1] for end in _TEXT_ENDINGS]
    for form in forms:
        if form in known:
            return 0, known[form]
    if coded or role.endswith("_id"):
        return None
    inside = [longer[word] for word in words if word in longer]
    if role == "source" and words[-1:] not in (*_OF_SOURCE, *([w] for w in longer)):
        inside = []  # source_locale is a language
    if not plain.isascii():
        inside += [place for candidate, place in other_scripts.items() if candidate in plain]
    return (1, min(inside)) if inside else None


@lru_cache(_SEVERAL)
def role_of(name: str) -> str | None:
    """Return the role that a column name speaks of, None where it is not a known name."""
    if is_negative(name):
        return None
    fits = [(fit, role) for role in ROLES if (fit := name_fit(name, role)) is not None]
    return min(fits, key=lambda pair: pair[0][0])[1] if fits else None
