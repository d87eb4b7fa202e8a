"""What the columns of search logs are called, in many languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from core.data.columns.column_names import ROLES, WEAK_NAMES, name_list, plain_name

# Further names of the column of questions, as plain_name() leaves them; the best first.
QUESTION_NAMES = name_list(
    "searchterm searchterms searchquery searchqueries searchstring searchphrase searchkeyword",
    "topqueries siteseachterm search keyword keywords term terms phrase querytext querystring",
    "suchbegriff suchbegriffe suchwort suchwörter suchphrase suchtext suchanfrage suchanfragen",
    "stichwort begriff termederecherche motclé motclef motsclés recherche recherches",
    "términodebúsqueda búsqueda busqueda términos palabraclave palabrasclave terminediricerca",
    "ricerca parolachiave termodepesquisa pesquisa busca palavrachave zoekterm zoektermen",
    "zoekopdracht zoekwoord hasło zapytanie фраза запросы aramaterimi 検索キーワード 検索語句",
    "検索語 検索ワード 検索クエリ キーワード 質問文 質問内容 入力 問い合わせ内容 搜索词 关键词",
    "查询 搜尋字詞 검색어 키워드 eingabe suche termes terme términobuscado parolacercata",
    "chiavediricerca zoekvraag szukanafraza wyszukiwanehasło wyszukiwanafraza aranankelime",
    "arananifade aramasorgusu поисковыйзапрос запрос ключевоеслово sökord sökterm sökfras søgeord",
    "søketerm hakusana كلمةالبحث عبارةالبحث استعلام 検索文字列 入力文 搜索内容 搜索关键词 热搜词",
    "검색 검색문구",
    "zapytania dotaz dotazy sökfrågor sökfråga søk søgninger forespørgsler haku haut kyselyt",
    "sorgu sorgular lekérdezések lekérdezés interogări ερωτήματα запити запит truyvấn kueri",
    "طلباتالبحث 查詢 搜尋查詢 검색어순위",
)
# How often, the surest first. The number of results ("hits", "Treffer") is something else.
COUNT_NAMES = name_list(
    "count counts searchcount numberofsearches searches totalsearches totaluniquesearches",
    "uniquesearches searchvolume volume frequency freq timesasked times occurrences occurrence",
    "asked total number num n quantity amount requests requestcount querycount events eventcount",
    "weight impressions views pageviews uses usage users sessions clicks cost money revenue value",
    "anzahl häufigkeit haeufigkeit suchvolumen suchen anzahlsuchen menge gesamt aufrufe",
    "impressionen",
    "impresiones impressioni impressões impressoes vertoningen wyświetlenia visningar visninger",
    "eksponeringer näyttökerrat gösterimler gösterim zobrazení imprese megjelenítések afișări",
    "afişări εμφανίσεις lượthiểnthị tayangan مراتالظهور 展示次数 展示 曝光次数 曝光次數 曝光量",
    "曝光 노출수 노출 klicks gewicht",
    "nombre nombrederecherches fréquence frequence occurrences effectif poids clics",
    "cantidad frecuencia número numero veces búsquedas busquedas impresiones peso",
    "frequenza volte conteggio ricerche peso quantidade frequência vezes contagem buscas",
    "aantal frequentie liczba количество частота показы sayı adet počet antal",
    "件数 回数 検索回数 検索数 頻度 度数 数 質問数 表示回数 クリック数 合計 重み",
    "次数 搜索次数 搜索量 数量 频次 频率 횟수 건수 검색수 빈도",
    "timessearched howmanytimes howoften wieoft nutzer besucher sitzungen zugriffe nb fois",
    "utilisateurs usuarios utenti gebruikers zoekopdrachten keer razy ilerazy wyszukiwania",
    "wyszukiwań показов запросов сколькораз kez kaçkez ziyaret العدد عددالمرات مرات sökningar",
    "søgninger hakuja 검색횟수 조회수",
    # after what is shown, as in English
    "clic cliques klikken kliknięcia klick klik klikk клики кликов klikkaukset tıklamalar tıklama",
    "kliknutí prokliky kattintások clicuri κλικ кліки lượtnhấp lượtnhấpchuột النقرات",
    "点击次数 点击量 点击数 点击 點擊次數 點擊數 點擊 클릭수 클릭",
)
DATE_NAMES = name_list(
    "date day datetime timestamp time created createdat askedat lastasked lastseen searchdate",
    "datum tag zeitpunkt",
    "zeit fecha data giorno jour horodatage",
    "日付 日時 年月日 検索日 質問日 受付日 日期 时间 날짜 일시 дата",
)

EVERY_NAME = (*ROLES["question"], *QUESTION_NAMES, *WEAK_NAMES["question"])


def name_place(name: str, names: Sequence[str]) -> tuple[int, int] | None:
    """Return how well a column name fits, smaller is better, None where it does not."""
    plain = plain_name(name)
    if plain in names:
        return 0, names.index(plain)
    if len(name) > 40:
        return None
    words = re.split(r"[\W_]+", unicodedata.normalize("NFKC", name).casefold())
    for position, candidate in enumerate(names):
        if candidate.isascii() and len(candidate) > 1 and candidate in words:
            return 1, position
        if not candidate.isascii() and len(candidate) > 1 and candidate in plain:
            return 1, position
    return None
