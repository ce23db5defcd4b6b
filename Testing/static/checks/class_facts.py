"""One shape for what is known of a class, wherever the knowledge comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

ANY_NUMBER = 1000


@dataclass(frozen=True)
class Signature:
    """How many arguments one form of a method takes, and the class it returns (empty if it is not a class)."""

    least: int
    most: int
    returns: str = ""


@dataclass(frozen=True)
class ClassFacts:
    """A class as Python sees it in Slicer.

    Attributes:
        name: of the class.
        bases: names of its bases.
        properties: read as values, never called.
        signals: its signals.
        methods: name to the forms it has.
        enums: enumeration to its values.
        constructors: how Python may make one; empty if it cannot.
        hidden: public C++ methods that Python does not see.
        absent: members, inherited ones too, that the oldest supported version lacks.
    """

    name: str
    bases: tuple[str, ...] = ()
    properties: frozenset[str] = frozenset()
    signals: frozenset[str] = frozenset()
    methods: Mapping[str, tuple[Signature, ...]] = field(default_factory=dict)
    enums: Mapping[str, frozenset[str]] = field(default_factory=dict)
    constructors: tuple[Signature, ...] = ()
    hidden: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()


class Facts:
    """Classes from several sources; the first that knows a class answers.

    Args:
        sources: functions from a name to the facts of a class, or ``None``.
        names: every name that the sources know.
    """

    def __init__(self, *sources: Callable[[str], ClassFacts | None], names: Callable[[], set[str]] = set) -> None:
        self._sources = sources
        self._names = names
        self._known: dict[str, ClassFacts | None] = {}
        self._heirs: dict[str, list[str]] = {}

    def find(self, name: str) -> ClassFacts | None:
        """The facts of a class; ``None`` where it is unknown."""
        if name not in self._known:
            found = (source(name) for source in self._sources)
            self._known[name] = next((facts for facts in found if facts is not None), None)
        return self._known[name]

    def lineage(self, name: str) -> list[ClassFacts]:
        """A class and everything it derives from, nearest first."""
        found: dict[str, ClassFacts] = {}
        waiting = [name]
        while waiting:
            facts = self.find(waiting.pop(0))
            if facts is not None and facts.name not in found:
                found[facts.name] = facts
                waiting += facts.bases
        return list(found.values())

    def is_a(self, name: str, base: str) -> bool:
        """Whether a class is, or derives from, another."""
        return any(facts.name == base for facts in self.lineage(name))

    def is_complete(self, name: str) -> bool:
        """Whether everything a class derives from is known."""
        lineage = self.lineage(name)
        known = {facts.name for facts in lineage}
        return bool(lineage) and all(base in known for facts in lineage for base in facts.bases)

    def heirs(self, name: str) -> list[str]:
        """The classes that derive from a class."""
        if name not in self._heirs:
            self._heirs[name] = [other for other in self._names() if other != name and self.is_a(other, name)]
        return self._heirs[name]

    def kind(self, name: str, member: str) -> str:
        """What a member of a class is.

        Returns:
            ``"property"``, ``"signal"``, ``"method"``, ``"value"`` (of an enumeration), ``"enum"``, ``"hidden"``
            (C++ only), ``"newer"`` (Qt 5.15 lacks it), or ``""`` where the class has no such member.
        """
        lineage = self.lineage(name)
        if any(member in facts.absent for facts in lineage):
            return "newer"
        for facts in lineage:
            # PythonQt looks for properties first, through the whole class.
            if member in facts.properties:
                return "property"
        for facts in lineage:
            if member in facts.signals:
                return "signal"
            if member in facts.methods:
                return "method"
            if member in facts.enums:
                return "enum"
            if any(member in values for values in facts.enums.values()):
                return "value"
        return "hidden" if any(member in facts.hidden for facts in lineage) else ""

    def signatures(self, name: str, method: str) -> list[Signature]:
        """The forms of a method, inherited ones included."""
        return [form for facts in self.lineage(name) for form in facts.methods.get(method, ())]
