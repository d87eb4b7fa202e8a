"""Who may do what: the table of actions and roles, and the one function that every action asks.

A role belongs to a person in one project. Whoever works at a terminal of the machine has all files
of the workspace before them, so nothing is refused there (:data:`OPERATOR`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.errors import RightsError
from core.messages import N_, Term

ADMINISTRATOR, OWNER, EDITOR = "administrator", "owner", "editor"
VIEWER, VOTER = "viewer", "voter"
ROLES = (ADMINISTRATOR, OWNER, EDITOR, VIEWER, VOTER)
# What an owner can give; administrators are named by a setting, voters by a link.
GIVEN_ROLES = (OWNER, EDITOR, VIEWER)

ROLE_TITLES: Mapping[str, str] = {
    ADMINISTRATOR: N_("administrator"),
    OWNER: N_("owner"),
    EDITOR: N_("editor"),
    VIEWER: N_("viewer"),
    VOTER: N_("participant by link"),
}


@dataclass(frozen=True)
class Action:
    """Something that can be done in a project.

    Attributes
    ----------
    title : str
        As in "You may not … in this project".
    roles : tuple of str
        Roles that may do it.
    """

    key: str
    title: str
    roles: tuple[str, ...]


_ALL = (ADMINISTRATOR, OWNER, EDITOR, VIEWER)
_WORKING = (ADMINISTRATOR, OWNER, EDITOR)
_OWNING = (ADMINISTRATOR, OWNER)

VOTE = Action("vote", N_("vote, write questions, judge and search through a link"), ROLES)
SEE = Action("see", N_("see data, labels and results"), _ALL)
CHANGE = Action("change", N_("import data and change labels, recipes and settings"), _WORKING)
START = Action("start", N_("start, stop and resume jobs"), _WORKING)
SEND = Action("send", N_("use keys and send texts to other servers"), _WORKING)
EXPORT_FILES = Action("export", N_("make reports, models and files for download"), _WORKING)
DECIDE = Action(
    "decide", N_("take a model into use, hold votes and pilots, and ask people"), _WORKING
)
PUBLISH = Action("publish", N_("send a model to a hub"), _OWNING)
RENAME = Action("rename", N_("rename the project"), _OWNING)
DELETE = Action("delete", N_("delete the project"), _OWNING)
GIVE_ROLES = Action("give roles", N_("give and take roles"), _OWNING)
READ_AUDIT = Action("read audit", N_("read and export the audit trail"), _OWNING)
MANAGE = Action("manage", N_("look after the whole workspace"), (ADMINISTRATOR,))

ACTIONS: tuple[Action, ...] = (
    *(VOTE, SEE, CHANGE, START, SEND, EXPORT_FILES, DECIDE),
    *(PUBLISH, RENAME, DELETE, GIVE_ROLES, READ_AUDIT, MANAGE),
)


def may(role: str | None, action: Action) -> bool:
    """Return whether a role may do something; None (no role) may nothing."""
    return role in action.roles


@dataclass(frozen=True)
class Person:
    """Who acts.

    Attributes
    ----------
    name : str
        The address of who signed in, else what they call themselves, which proves nothing.
    signed_in : bool
        Whether an identity provider vouches for the name.
    everywhere : str or None
        Role in every project of the workspace; None = the roles that owners gave.
    link : str
        Id of the vote or round whose link they came by; "" = none.
    """

    name: str = ""
    signed_in: bool = False
    everywhere: str | None = None
    link: str = ""

    def role_among(self, members: Iterable[Member]) -> str | None:
        """Return the highest role that a project gives, None without any.

        A link is not looked at here: it leads to its vote or round alone.
        """
        given = {member.role for member in members if self.signed_in and member.names(self.name)}
        roles = {self.everywhere, *given}
        return next((role for role in ROLES if role in roles), None)

    def recorded_as(self, name: str) -> str:
        """Return the name to record: the address of who signed in, else the one handed in."""
        return self.name if self.signed_in else name

    @property
    def comes_by_link_only(self) -> bool:
        """Whether nothing but a link says that this person may come in."""
        return bool(self.link) and not self.signed_in and self.everywhere is None


OPERATOR = Person(everywhere=ADMINISTRATOR)


@dataclass(frozen=True)
class Member:
    """A role in a project.

    Attributes
    ----------
    who : str
        An address, or ``@domain`` for everybody whose address ends so.
    role : str
        One of :data:`GIVEN_ROLES`.
    """

    who: str
    role: str

    def names(self, address: str) -> bool:
        """Return whether an address is meant."""
        return covers(self.who, address)


def covers(entry: str, address: str) -> bool:
    """Return whether an address or ``@domain`` of a list means this address; case is no matter."""
    entry, address = entry.strip().casefold(), address.strip().casefold()
    if entry.startswith("@"):
        local, at, domain = address.rpartition("@")
        return bool(local and at) and domain == entry[1:]
    return bool(entry) and entry == address


def ask(person: Person, role: str | None, action: Action, project: str) -> None:
    """Raise RightsError unless a person of this role may do something in a project.

    Parameters
    ----------
    project : str
        Its name, which only those learn who may see it.
    """
    if may(role, action):
        return
    if not may(role, SEE):
        raise RightsError(
            "You have no role in this project. Ask one of its owners to give you one on the "
            "Home page."
        )
    raise RightsError(
        "Your role in the project {project} is {role}, which does not let you {action}. Ask one "
        "of its owners.",
        project=project,
        role=Term(ROLE_TITLES[str(role)]),
        action=Term(action.title),
    )


ONE_PLACE = N_("The link that you came by leads to one place, and to nothing else.")


def ask_to_create(person: Person) -> None:
    """Raise RightsError unless a person may make a project, which is theirs then."""
    if not (person.signed_in or may(person.everywhere, CHANGE)):
        raise RightsError(ONE_PLACE)


def with_role(members: tuple[Member, ...], who: str, role: str | None) -> tuple[Member, ...]:
    """Return members of whom one has another role; None takes it away.

    Raises
    ------
    RightsError
        If that is no address or ``@domain``, no role that can be given, or no owner would be left.
    """
    who = who.strip().casefold()
    local, at, domain = who.rpartition("@")
    if not (at and domain and "." in domain) or "@" in local or any(s.isspace() for s in who):
        raise RightsError(
            "{who} is neither an address like anna@example.com nor a domain like @example.com.",
            who=who[:120] or "–",
        )
    if role is not None and role not in GIVEN_ROLES:
        raise RightsError(
            "There is no role {role} to give. Choose one of: {known}.",
            role=role,
            known=", ".join(GIVEN_ROLES),
        )
    if role == OWNER and not local:
        raise RightsError("A whole domain can view or edit; an owner is one person.")
    others = tuple(member for member in members if member.who != who)
    changed = others if role is None else (*others, Member(who, role))
    had_owner = any(member.role == OWNER for member in members)
    if had_owner and not any(member.role == OWNER for member in changed):
        raise RightsError("A project needs an owner. Make somebody else owner first.")
    return tuple(sorted(changed, key=lambda member: (ROLES.index(member.role), member.who)))


def rights_table() -> str:
    """Return the table of actions and roles in Markdown, as docs/security.md shows it."""
    head = " | ".join(ROLE_TITLES[role] for role in ROLES)
    lines = [f"| | {head} |", "|---" * (len(ROLES) + 1) + "|"]
    for action in ACTIONS:
        cells = " | ".join("yes" if may(role, action) else "–" for role in ROLES)
        lines.append(f"| {action.title} | {cells} |")
    return "\n".join(lines)
