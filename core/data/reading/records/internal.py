"""What help desks keep from their customers: private notes, drafts, comments among the staff.

Such a text must never become an answer. A message says so itself, by a flag (``public: false``),
or by its kind (``type: note``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from core.data.columns.column_names import name_list, plain_name
from core.data.table import Table
from core.messages import N_n

LEFT_OUT = N_n(
    "{count} internal note or draft was left out: customers have not seen it.",
    "{count} internal notes or drafts were left out: customers have not seen them.",
)
# Flags that are true for what a customer sees; flags that are true for what none does.
_PUBLIC = frozenset(
    name_list(
        "public ispublic jsdpublic publicly visibletocustomer isvisibleforcustomer customervisible",
        "visibleforcustomer isvisibletocustomer öffentlich oeffentlich istöffentlich publique",
        "público publico pubblico openbaar publiczny publiczne herkeseaçık offentlig публичный",
        "公開 公开 공개 عام",
    )
)
_PRIVATE = frozenset(
    name_list(
        "private isprivate internal isinternal internalnote isinternalnote isnote privatenote",
        "isprivatenote staffonly agentonly agentsonly intern istintern privat interne",
        "privé prive interno interna privado privada privato privata wewnętrzny wewnętrzna dahili",
        "внутренний внутренняя 内部 社内 非公開 内部メモ 社内メモ 私有 非公开 내부 비공개 داخلي",
    )
)
_DRAFT = frozenset(name_list("draft isdraft entwurf brouillon borrador bozza 下書き"))
_KINDS = frozenset(
    name_list(
        "type kind parttype messagetype eventtype entrytype articletype commenttype threadtype",
        "visibility recipients channel subtype sourcetype state action activitytype notetype",
        "access audience",
        "art typ sichtbarkeit nachrichtenart visibilité visibilite tipo visibilidad visibilità",
        "visibilidade soort zichtbaarheid widoczność rodzaj görünürlük tür тип видимость",
        "種別 種類 区分 公開範囲 类型 可见性 유형 공개범위",
    )
)
_NOTE = (
    r"internal|private(?![ _-]?(?:message|msg|chat|channel|nachricht))"
    r"|notes?|drafts?|hidden|whisper|interne?[nrs]?|privat|privée?|privad[oa]"
    r"|privat[oa]|intern[oa]|notiz(en)?|nota|notitie|entwurf|brouillon|borrador|bozza|rascunho"
    r"|notatka|wewnętrzn[aey]|dahili|внутренн\w+|заметка|примечание|черновик|داخلي|ملاحظة"
)
_INSIDERS = r"staff|agents|team[ _-]?only|assignment|assign"
_OTHER_SCRIPTS = "内部|社内|非公開|メモ|下書き|非公开|备注|備註|草稿|내부|비공개|메모|초안"
_NOTE_WORD, _INTERNAL_WORD = (
    re.compile(rf"(?<![^\W_])({words})(?![^\W_])|{_OTHER_SCRIPTS}", re.IGNORECASE)
    for words in (_NOTE, f"{_NOTE}|{_INSIDERS}")
)
_PUBLIC_WORD = re.compile(
    r"(?<![^\W_])(public\w*|external|extern[eao]?|customers?|everyone|all|repl(y|ies)|messages?"
    r"|comments?|emails?|öffentlich|antwort|nachricht|kunde\w*|publique|réponse|público|pubblic[oa]"
    r"|respuesta|risposta|resposta|publiczn\w+|публичн\w+|ответ)(?![^\W_])"
    r"|公開|返信|公开|回复|공개|답변",
    re.IGNORECASE,
)
_YES = frozenset(name_list("true 1 yes y t ja oui sí si sim tak evet да はい 是 예 ○ x ✓"))
_NO = frozenset(
    name_list("false 0 no n f nein non não nao nie hayır нет いいえ 否 아니오 아니요 × -")
)
_FEW = 12  # distinct values of a column that says of which kind a message is


def flag(value: object) -> bool | None:
    """Return what yes, no, 1 and 0 say in any language, None for all else."""
    plain = str(value).strip().casefold()
    return True if plain in _YES else False if plain in _NO else None


def names_note(text: str) -> bool:
    """Tell whether the name of a speaker says that an internal note follows."""
    return _NOTE_WORD.search(text) is not None


def is_internal(message: Mapping[str, object], kinds: frozenset[str] = frozenset()) -> bool:
    """Tell whether a message was never shown to a customer.

    Parameters
    ----------
    kinds : frozenset of str
        The kinds of all messages of the talk: where some are messages or e-mails, those of kind
        comment are talk among the staff.
    """
    plain = {plain_name(str(key)): value for key, value in message.items()}
    flags = [not said for key in plain.keys() & _PUBLIC if (said := flag(plain[key])) is not None]
    flags += [said for key in plain.keys() & _PRIVATE if (said := flag(plain[key])) is not None]
    if any(flags) or any(flag(plain[key]) for key in plain.keys() & _DRAFT):
        return True
    if flags:
        return False
    if names_note(str(plain.get("role") or plain.get("sender") or plain.get("from") or "")):
        return True
    held = [*kinds_of(message)]
    if any(_INTERNAL_WORD.search(kind) for kind in held):
        return True
    if "comment" in held and kinds & {"message", "email", "welcome_message"}:
        return True
    return "n" in held and kinds <= {"m", "r", "n"}


def says_publicity(message: Mapping[str, object]) -> bool:
    """Tell whether a message has a flag that says whether customers see it."""
    return any(
        plain_name(str(key)) in _PUBLIC | _PRIVATE and flag(value) is not None
        for key, value in message.items()
    )


def kinds_of(message: Mapping[str, object]) -> Iterable[str]:
    """Yield what a message says about its kind, also that of its source."""
    for key, value in message.items():
        if isinstance(value, str) and value and plain_name(str(key)) in _KINDS:
            yield value.casefold()
        elif isinstance(value, dict) and str(key).casefold() == "source" and value.get("type"):
            yield str(value["type"]).casefold()


def public_messages(messages: Sequence[object]) -> tuple[list[object], int]:
    """Return the messages that customers have seen, and the number of all others."""
    found = [item for item in messages if isinstance(item, dict)]
    kinds = frozenset(kind for item in found for kind in kinds_of(item))
    kept = [m for m in messages if not (isinstance(m, dict) and is_internal(m, kinds))]
    return kept, len(messages) - len(kept)


def internal_rows(table: Table, besides: Iterable[str]) -> np.ndarray:
    """Return for each row of a table of messages whether no customer has seen it.

    Parameters
    ----------
    besides : iterable of str
        Columns that hold something else: who speaks, and what is said.
    """
    hidden = np.zeros(len(table.frame), bool)
    for column in table.columns:
        if column in besides:
            continue
        plain = plain_name(column)
        cells = table.frame[column].tolist()
        held = set(cells) - {""}
        if not held or len(held) > _FEW:
            continue
        if plain in _PUBLIC | _PRIVATE | _DRAFT and all(flag(value) is not None for value in held):
            wanted = plain not in _PUBLIC
            hidden |= np.array([flag(cell) is wanted if cell else False for cell in cells], bool)
            continue
        internal = {value for value in held if _INTERNAL_WORD.search(value)}
        named = plain in _KINDS or all(_PUBLIC_WORD.search(v) for v in held - internal)
        if internal and internal != held and named:
            hidden |= np.array([cell in internal for cell in cells], bool)
    return hidden
