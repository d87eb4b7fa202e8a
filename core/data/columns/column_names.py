"""What the names of columns say, in many languages: roles, counts, what is wrong, who rated."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from core.data.judging.named_scales import scale_in_name, without_legend

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
            "frage fragen anfrage anfragen kundenfrage suchanfrage kundenanfrage kundenanfragen",
            "kundenanliegen anliegen supportanfrage nutzerfrage benutzerfrage hauptfrage userfrage",
            "leitfrage nutzeranfrage klantvraag klantvragen gebruikersvraag kundfråga frågor",
            "標準問 标准问 标准问法 用户问",
            "pregunta preguntas consulta consultas domanda domande pergunta perguntas vraag",
            "vragen",
            "pytanie вопрос вопросы soru sorular otázka fråga spørgsmål 问题 問題 提问 问句 질문",
            "demande requete requête input",
            # as plain_name() leaves them: without vowel signs
            "سؤال السؤال أسئلة الأسئلة سوال پرسش kysymys kysymykset kérdés kérdések otázky dotaz",
            "dotazy întrebare întrebări intrebare intrebari ερώτηση ερωτήσεις שאלה שאלות คาถาม",
            "câuhỏi pertanyaan soal soalan запитання питання pitanje pitanja vprašanje vprašanja",
            "въпрос въпроси spørsmål küsimus klausimas jautājums परशन सवल",
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
            "جواب الجواب إجابة الإجابة أجوبة الأجوبة إجابات پاسخ vastaus vastaukset válasz",
            "válaszok odpovědi odpoveď răspuns răspunsuri raspuns raspunsuri απάντηση απαντήσεις",
            "תשובה תשובות คาตอบ trảlời câutrảlời đápán jawaban jawapan відповідь відповіді odgovor",
            "odgovori отговор отговори vastus atsakymas atbilde उततर जवब",
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
# Names that say little: a question or answer where nothing better is there, in this order. What
# describes asks only where the answer stands elsewhere.
DESCRIBING = frozenset(name_list("beschreibung problembeschreibung"))
WEAK_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "question": name_list(
            "problem problembeschreibung issue kundennachricht nachricht beschreibung",
            "title heading headline sentence name message subject betreff text",
        ),
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
_OF_TWO = re.compile(r"(?P<stem>.*[^\W_])[\s_.-]+(?P<letter>[abAB])")  # human_ref_A, reply b
# Two texts of such a name are a question and what it is compared with, not two replies.
_TEXT_NAMES = frozenset(
    name_list(
        "text texts sentence sentences sent phrase title string utterance premise query question",
        "satz frage frase phrase texte texto testo zin tekst titel titre titolo título pregunta",
        "domanda vraag pytanie zdanie mening 文 句 文本 句子 テキスト 文章 質問 问题 문장 질문",
    )
)
# Ends of names that say in which language a column is.
LANGUAGE_CODES = frozenset(
    name_list(
        "de en fr es it pt nl ja jp zh cn ko pl ru tr cs sv da fi no ar he hu ro uk el vi th id"
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
        "split fold chapter kapitel seite lesson condition zustand",
        "aktiv aktiviert actif active activo activa ativo ativa attivo attiva actief aktywny aktif",
        "veröffentlicht freigegeben öffentlich publié publiée publicado publicada pubblicato",
        "pubblicata gepubliceerd opublikowane opublikowany yayında опубликовано активно publicerad",
        "public published visibility priorität prioridad priorité priorità prioridade prioriteit",
        "priorytet öncelik приоритет prioritet wichtigkeit importancia importância severity",
        "schweregrad difficulty schwierigkeit schwierigkeitsgrad difficulté dificultad dificuldade",
        "difficoltà complexity komplexität complexité complejidad floor etage",
    )
)
# The same in scripts that write no spaces: inside a name.
_COUNTS_INSIDE = name_list(
    "公開 掲載 表示順 並び順 優先 重要度 難易度 難度 有効 公开 发布 优先级 重要性 难度 启用",
    "공개 우선순위 난이도",
)
# Names of a judgement itself: what stands under them mostly rates, in numbers and words.
ASSESSMENTS = frozenset(
    name_list(
        "helpfulness usefulness correctness faithfulness groundedness factuality appropriateness",
        "judged beurteilung qualitätsurteil passung richtigkeit güte",
        "jugement appréciation juicio veredicto giudizio giudizi verdetto avaliação pontuação",
        "pertinenza pertinência relevância beoordeling oordeel cijfer waardering relevantie",
        "ocena oceny trafność poprawność hodnocení hodnotenie ocjena procjena betyg bedömning",
        "omdöme vurdering bedømmelse arvio arviointi arvosana értékelés evaluare calificativ",
        "değerlendirme puan оценка оценки релевантность оцінка оцена αξιολόγηση βαθμολογία تقييم",
        "דירוג הערכה đánhgiá penilaian 判定 正誤 適否 合否 採点 評定 判斷 判断 评定 评级 评判 打分",
        "판정 정오 채점 평가",
    )
)
# Names of what came out: of a judgement, or of a talk (``refund``).
OUTCOMES = frozenset(
    name_list(
        "result outcome decision ergebnis prüfergebnis entscheidung résultat décision resultado",
        "resultaat risultato esito wynik sonuç результат نتيجة 結果 结果 结论 결과",
    )
)
# A grade in one language, a remark in another: which of them, only what is below can tell.
REMARKS = frozenset(name_list("note mark"))
# Names that judge an answer, whatever its values are, beside those of ROLES["rating"].
JUDGING_NAMES = ASSESSMENTS.union(
    OUTCOMES,
    name_list(
        "quality qualität qualité calidad qualità qualidade kwaliteit jakość kvalita kvalitet",
        "nota notas notă sterne étoiles estrellas stelle estrelas sterren 별점 정답여부 accurate",
        "grounded 星 sinnvoll accepted approved isselected suitable appropriate judgment match",
        "matches matching matched fits verdict correctly passt passend zutreffend stimmt avis",
        "correcte juste adéquat correcto correcta acertada adecuada adecuado corretto corretta",
        "correto correta relevante adequado geschikt poprawna poprawne uygun doğru релевантно",
        "правильно верно صحيح 適切 妥当 正しさ 品質 是否正确 是否相关 正误 质量 質量 合格 적합",
        "관련성 정확 품질 ok okay okng good useful usable right hit pass passed passfail accept",
        "acceptable agree agreed like liked true truth truthful factual works satisfactory sound",
        "assessment gut brauchbar nützlich hilfreich treffer treffend urteil bestanden akzeptabel",
        "akzeptiert stimmig geeignet tauglich inordnung wahr trifftzu bon bonne bien utile vrai",
        "vraie pertinent pertinente valable réussi convient adapté adaptée exact exacte bueno",
        "buena útil acierto acertado aceptable cierto cierta sirve buono buona bene giusto",
        "giusta certo certa vero adatto adatta accettabile bom boa certeza verdadeiro adequada",
        "aceitável acerto goed nuttig bruikbaar juist klopt acceptabel bra rätt användbar",
        "godkänd riktig dobra dobry dobre przydatna przydatne pasuje prawidłowa prawidłowe",
        "prawidłowo trafna iyi faydalı yararlı хорошо хороший полезно полезный подходит",
        "подходящий верный верен правильный годится مفيد مناسب جيد 合ってる 合っている 合う",
        "正しい 正解 良い 良否 有用 役に立 役立 適合 一致 ok/ng 对 对不对 正确 有帮助 好 合适",
        "匹配 命中 맞음 맞다 맞나 도움 유용 일치 옳음",
    ),
)
# How people feel: a customer may be unhappy with an answer that is right.
_FEELINGS = re.compile(
    "satisf|csat|(^|[^a-z])nps|zufrieden|soddisf|satisfa|tevreden|zadowol|memnuniyet|удовлетвор"
    "|sentiment|stimmung|満足|满意|滿意|만족|nöjd|emotion|mood"
)
# Words of names that count votes, and how the two directions of a vote are told apart: a sign of
# one direction and of the other, or a word that denies ("" beside it).
VOTES = frozenset(
    name_list(
        "votes upvotes downvotes likes dislikes stimmen votos voix voti stemmen głosy oy oylar",
        "голоса 票数 投票数 득표",
    )
)
VOTE_POLES: tuple[tuple[str, str], ...] = (
    *(("yes", "no"), ("ja", "nein"), ("ja", "nee"), ("ja", "nej"), ("oui", "non"), ("sí", "no")),
    *(("si", "no"), ("sì", "no"), ("sim", "não"), ("tak", "nie"), ("да", "нет")),
    *(("evet", "hayır"), ("はい", "いいえ"), ("是", "否"), ("예", "아니요"), ("예", "아니오")),
    *(("up", "down"), ("like", "dislike"), ("positive", "negative"), ("positiv", "negativ")),
    *(("helpful", "unhelpful"), ("useful", "useless"), ("👍", "👎"), ("good", "bad")),
    *(("役に立った", "役に立たなかった"), ("有用", "无用"), ("有帮助", "没帮助"), ("赞", "踩")),
    *(("gefällt mir", "gefällt mir nicht"), ("agree", "disagree"), ("高評価", "低評価")),
    *(
        ("", word)
        for word in [
            "not",
            "nicht",
            "no",
            "non",
            "pas",
            "n",
            "ne",
            "não",
            "niet",
            "не",
            "nie",
            "inte",
            "ikke",
        ]
    ),
)
# The smaller, the better: such numbers are no plain judgement.
_SMALLER = frozenset(
    name_list(
        "distance distances dist dists loss losses perplexity ppl nll cost rank ranks ranking rang",
        "abstand distanz entfernung verlust perplexität perte distancia distanza pérdida",
        "距離 損失 順位 距离 损失 排名 거리 l2 euclidean divergence wer cer error errors fehler",
    )
)
# Names of answers under which numbers say where a text stands, and are no answers themselves.
_PLACES_OF_TEXTS = frozenset(
    name_list(
        "reference document documents doc docs passage passages context contexts ctxs pos a output"
    )
)
# Beside texts, numbers under such names count answers or say how long they took.
_COUNTED_ANSWERS = frozenset(
    name_list(
        "answers replies responses reply response antworten réponses reponses respuestas risposte",
        "respostas antwoorden odpowiedzi odpovědi ответы відповіді cevaplar vastaukset válaszok",
    )
)
_NAMING = frozenset(name_list("code codes message text type kind name nummer meldung"))
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
# Answers that are kept for other eyes or are out of date, and those that leave something out: never
# taken where another answer stands beside them.
NOT_TO_SHOW = frozenset(
    name_list(
        "internal internally intern interne internen interner interna interno internas internos",
        "confidential vertraulich confidentiel confidencial riservato poufne wewnętrzna dahili",
        "внутренний внутренняя old older previous former prior outdated deprecated superseded",
        "draft bisherige bisheriger alte alter vorherige veraltete veraltet entwurf ancienne",
        "ancien précédente brouillon anterior antigua borrador vecchia precedente bozza antiga",
        "rascunho oude vorige concept stara poprzednia szkic старый старая черновик eski taslak",
        "gammal tidigare utkast",
    )
)
_NOT_TO_SHOW_INSIDE = name_list(
    "社内 内部 社外秘 旧回答 旧答 旧版 旧文 変更前 修正前 下書き 草稿 修改前",
    "내부 이전답변 기존답변 초안",
)
_SHORTENED = frozenset(
    name_list(
        "short brief kurz kurze kurzantwort kurzfassung courte corta breve kort korte krótka",
        "короткий краткий kısa",
    )
)
_SHORTENED_INSIDE = name_list("短い 簡潔 簡易 短縮 简短 简答 簡答 짧은 간단")
# Columns of more wordings of a question; the other words of such a name speak of questions.
_WORDING = re.compile(
    "variants?|variations?|variat(?:ion|ie)s?|synonyms?|paraphrases?|rephras(?:ed|ings?)"
    "|reword(?:ed|ings?)|wordings?|formulations?|phras(?:es?|ings?)|similar|alternat(?:e|ives?)"
    "|alternativ(?:e|en|frage|fragen)|varianten?|formulierung(?:en)?|synonyme?s?|umformulierung(?:en)?"
    "|umschreibung(?:en)?|fragevariante[n]?|reformulations?|variantes?|variaciones|variación"
    "|sin[oó]nimos?|alternativ[aio]s?|parafrasi|varianti|sinonimi|variações|variação|alternatieven?"
    "|varianty?|synonimy|формулировк[аи]|вариант|варианты|синонимы|eşanlamlı|varyantlar?|synonymer"
    "|utterances?|expressions?"
)
_WORDING_INSIDE = name_list(
    "相似 同义 近义 类似问 扩展问 類似 言い換え 言換え 言いかえ 別表現 別の聞き方 同義",
    "유사 동의 변형",
)
_BESIDE_WORDING = frozenset(
    name_list(
        "of the other others another and further more additional extra user customer training",
        "alt weitere andere autres autre otras otra altre outras andere questions question",
    )
)
# Names of columns whose cells may hold several questions each.
_SEVERAL_NAMES = frozenset(
    name_list(
        "questions queries utterances phrases examples patterns expressions wordings variations",
        "trainingphrases fragen anfragen preguntas domande perguntas vragen вопросы sorular",
        "pytania frågor usersays userexamples",
    )
)
_ONE_WORDING = frozenset(
    name_list(
        "variant variation synonym paraphrase rephrased rephrasing reworded rewording wording",
        "formulation phrase phrasing similar alternate alternative alternativ alternativfrage",
        "variante formulierung umformulierung umschreibung fragevariante reformulation variación",
        "sinónimo sinonimo variação alternativa alternativo формулировка вариант eşanlamlı",
        "utterance expression",
    )
)
# Columns that say who rated, and what stands beside such a word: ``Email of the reviewer``.
_RATERS = frozenset(
    name_list(
        "annotatedby annotateur annotator annotatore annotatorid annotatorin annotatorname",
        "annotatrice anotador anotadora anotator annotatör annotaattori annoteur assessor",
        "assessorid avaliador bearbeiter bearbeitetvon bearbeiterin bedømmer bedömare",
        "beoordelaar beoordelaars benutzer benutzername bewertetdurch beurteiltvon beurteilerin",
        "geprüftvon geprueftvon kodierer codierer beurteiler bewerter bewerterid bewerterin",
        "bewertervon bewertetvon calificador checkedby checker coder completedby correcteur",
        "createdby arvioija értékelő değerlendiren değerlendirici hodnotitel hodnotiteľ",
        "crowdworker editor email emailadresse emailaddress enteredby submittedby evaluadopor",
        "evaluador evaluadora evaluatedby evaluateur evaluator evaluatorid expert experte",
        "expertid expertin experto gradedby grader gutachter gutachterid gutachterin initials",
        "initialen initiales iniciales inicjały kürzel kuerzel namenskürzel judge judgedby",
        "judgeid judgename juez juge juror jurorin labeledby labeledbyname labeler labelerid",
        "labelername labelledby labeller jury juré jurado giurato lead mail mitarbeiterin",
        "mitarbeiter name naam nazwisko imię imie nom nombre noteur nutzer owner participant",
        "participantid oceniający oceniajacy ocenił oceniła ocenjivač ocenjevalec panelist",
        "panellist participante partecipante probandin proband prolific prolificid prolificpid",
        "person personid pruefer ratedby rater raterid ratername raters ratersname relecteur",
        "recensent recenzent recenzentka respondente respondentid responseid respondent",
        "reviewedby reviewer reviewerid reviewername revisor revisora scoredby scorer",
        "sprawdzający subjectid teilnehmer teilnehmerin testperson testeur tester turker user",
        "userid username usuario utilisateur valutatore who worker workerid workername vurderer",
        "weryfikator асессор ассессор аннотатор оценщик разметчик эксперт рецензент проверяющий",
        "респондент имя оцінювач оценител αξιολογητήσ مقيم المقيم اسمالمقيم מעריך ngườiđánhgiá",
        "penilai notépar prüfer prüferin évaluateur évaluatrice évaluépar アノテーター ユーザ",
        "ユーザー レビュアー 专家 アノテータ レビューア 審査員 審査者 記入者 入力者 実施者",
        "検証者 確認者 評価担当者 採点担当者 標注者 標注人 標註人 標注員 標註員 标记者 标记人",
        "打分人 打分者 打分员 质检员 评测员 评估人 评价员 專家評審 작업자 검수자 평가원 평가위원",
        "채점자 응답자 주석자 검토자 이름 作業者 判定者 名前 回答者 姓名 审核人 审核员 專家",
        "担当者 採点者 査読者 标注人 标注员 标注者 標註者 氏名 用户 評価者 評価者id 評価者名",
        "評分者 評定者 評審 评价人 评价者 评估者 评分人 评分者 评委 评审 评审员 라벨러 심사자",
        "평가자",
    )
)
_BESIDE_RATER = frozenset(
    name_list(
        "id ids pid uid no nr number nummer code key s of the der des du de la del van address",
        "adresse alias handle first last full vorname nachname and und et y e i",
    )
)
_CALLED = re.compile("(id|名|氏名|姓名|番号|コード|编号|編號|이름|번호)$")


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
    name = without_legend(name)
    return bool(_NEGATIVE.search(plain_name(name))) or bool(_NEGATIVE_WORDS & set(words_of(name)))


def says_wrong(name: str) -> bool:
    """Return True where a name says that something is bad: ``is_wrong``, ``hallucinated``."""
    return is_negative(name) or bool(_BAD.search(plain_name(without_legend(name))))


def is_school_mark(name: str, beside: Iterable[str]) -> bool:
    """Return True for German school marks, of which 1 is the best and 6 the worst.

    Parameters
    ----------
    beside : iterable of str
        The other columns: ``Note`` is a school mark only beside German names.
    """
    if re.search("schulnote|zensur|schoolgrade|schoolmark|notebene", plain_name(name)):
        return True
    ends = scale_in_name(name)
    if ends is not None and (ends[1] > 6 or None in ends or 0 in ends):
        return False
    german = any(
        re.match("frage|anfrage|kundenfrage|antwort|lösung|loesung|bewert", plain_name(other))
        for other in beside
    )
    return german and bool({"note", "noten"} & set(words_of(name)))


def says_feeling(name: str) -> bool:
    """Return True for names of what customers feel: ``CSAT``, ``Zufriedenheit``, ``満足度``."""
    return bool(_FEELINGS.search(name[:_LONGEST_NAME].casefold()))


def is_count(name: str) -> bool:
    """Return True for names of what counts, orders or publishes rows, in any language."""
    name = without_legend(name)
    if COUNTS & set(words_of(name)):
        return True
    plain = plain_name(name)
    return not plain.isascii() and any(part in plain for part in _COUNTS_INSIDE)


@lru_cache(_SEVERAL)
def less_wanted(name: str) -> int:
    """Return 2 for texts that are internal or out of date, 1 for shortened ones, else 0."""
    plain, words = plain_name(name), set(words_of(name))
    german = bool({"alt", "alte"} & words) and plain.startswith(
        ("antwort", "alteantwort", "lösung")
    )
    if german or words & NOT_TO_SHOW or any(part in plain for part in _NOT_TO_SHOW_INSIDE):
        return 2
    return int(bool(words & _SHORTENED) or any(part in plain for part in _SHORTENED_INSIDE))


@lru_cache(_SEVERAL)
def is_wording(name: str) -> bool:
    """Return True for columns of more wordings of a question: ``Variant 1``, ``相似问``."""
    plain = plain_name(name)
    if any(part in plain for part in _WORDING_INSIDE):
        return role_of(name) != "answer"
    words = words_of(re.sub(r"(?<=[^\W\d])(?=\d)", " ", name))
    marked = [w for w in words if _WORDING.fullmatch(w) or (w == "alt" and words[-1].isdigit())]
    others = [w for w in words if w not in marked and not w.isdigit() and w not in _BESIDE_WORDING]
    return bool(marked) and all(w in _PLACES["question"][0] for w in others)


def says_several(name: str) -> bool:
    """Return True for names of columns whose cells may hold several questions each."""
    return is_wording(name) or bool(_SEVERAL_NAMES & {plain_name(name), *words_of(name)})


def says_plural(name: str) -> bool:
    """Return True for names of main questions that may stand together in a cell, in the plural."""
    words = words_of(name)
    if _SEVERAL_NAMES & {plain_name(name), *words}:
        return True
    if not is_wording(name):
        return False
    return any(part in plain_name(name) for part in _WORDING_INSIDE) or any(
        _WORDING.fullmatch(word) and word not in _ONE_WORDING for word in words
    )


def says_who(name: str) -> bool:
    """Return True for columns of those who rated: ``annotator_id``, ``Rater name``, ``評価者``."""
    plain = plain_name(name)
    if plain in _RATERS or (not plain.isascii() and _CALLED.sub("", plain) in _RATERS):
        return True
    words = [word for word in words_of(name) if word not in _BESIDE_RATER]
    return bool(words) and all(word in _RATERS for word in words)


def counts(name: str) -> bool:
    """Return True for names of what counts, orders or dates rows, such as ``page`` and ``year``."""
    coded = bool(CODE_WORDS & set(words_of(name)))
    return (coded or is_count(name)) and not smaller_is_better(name)


def both_of_two(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return names that differ in A and B alone by what they share: ``reply_A``, ``reply_B``."""
    pairs: dict[str, dict[str, str]] = {}
    for name in names:
        match = _OF_TWO.fullmatch(name.strip())
        if match is not None:
            pairs.setdefault(match["stem"].casefold(), {})[match["letter"].casefold()] = name
    return {stem: pair for stem, pair in pairs.items() if set(pair) == {"a", "b"}}


def names_texts(stem: str) -> bool:
    """Return True where two of a name are texts to compare, as ``sentence`` says, no replies."""
    return bool(_TEXT_NAMES & set(words_of(stem)[-1:])) and role_of(stem) != "answer"


def names_place(name: str) -> bool:
    """Return True for names of answers whose numbers point elsewhere: ``reference``, ``doc``."""
    return plain_name(name) in _PLACES_OF_TEXTS


def counts_answers(name: str) -> bool:
    """Return True for names under which lists of questions count what was answered: ``Replies``."""
    return plain_name(name) in _COUNTED_ANSWERS


def smaller_is_better(name: str) -> bool:
    """Return True for the names of distances, losses and ranks."""
    plain = plain_name(name)
    if _NAMING & set(words_of(name)):
        return False  # an error code is the name of an error
    return bool(_SMALLER & {*words_of(name), plain}) or any(
        word in plain for word in _SMALLER if not word.isascii()
    )


@lru_cache(_SEVERAL * 11)
def name_fit(name: str, role: str) -> tuple[int, int] | None:
    """Return how well a name fits a role, smaller is better, None where it does not."""
    name = without_legend(name)
    plain, words = plain_name(name), words_of(name)
    coded = bool(CODE_WORDS & set(words)) or any(part in plain for part in _CODE_PARTS)
    coded = coded or (role == "answer" and bool(_TITLES & set(words)))
    known, longer, other_scripts = _PLACES[role]
    # "Antwort EN" is no plural, as "antworten" is
    spelt = role in TEXT_ROLES and len(words) > 1 and words[-1] in LANGUAGE_CODES
    forms = [] if spelt else [plain]
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


def whole_name_role(name: str) -> str | None:
    """Return the role for which a whole name is known, not one of its words."""
    role = role_of(name)
    fit = name_fit(name, role) if role else None
    return role if fit is not None and fit[0] == 0 else None
