"""A normal form of choices: where a flag decides, what decided the flag decides.

select(0 < select(a < b, 1, 0), x, y) is select(a < b, x, y); a choice between equal numbers is that number;
one that is known is made. Nothing else changes: each rule holds for all values of the leaves, NaN included.
Programs that make the same choices in the same order have the same nodes, whatever their flags are.
"""

from collections.abc import Iterable, Mapping

from verification.program import INTEGER, Graph, reach

FOLDED = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b}


class Choices:
    """Rewrites nodes of a graph, some of which are known to be others."""

    def __init__(self, graph: Graph, known: Mapping[int, int]) -> None:
        self.graph = graph
        self.made = dict(known)
        self.picked: dict[tuple[int, int, int, int], int] = {}

    def read(self, roots: Iterable[int]) -> list[int]:
        """The roots in normal form."""
        roots = list(roots)
        for n in sorted(reach(self.graph, roots, set(self.made))):
            if n not in self.made:
                self.made[n] = self._node(n)
        return [self.made[n] for n in roots]

    def _node(self, n: int) -> int:
        node = self.graph.nodes[n]
        arguments = tuple(self.made[a] for a in node.arguments)
        if node.operation == "select":
            return self.pick(*arguments)
        if node.type == INTEGER and node.operation in FOLDED:
            return self._arithmetic(node.operation, *arguments)
        return n if arguments == node.arguments else self.graph.add(node.operation, arguments, node.type)

    def pick(self, a: int, b: int, x: int, y: int) -> int:
        """x where a < b, else y; through the choices that a known number is compared with."""
        key = a, b, x, y
        if key not in self.picked:
            self.picked[key] = self._pick(a, b, x, y)
        return self.picked[key]

    def _pick(self, a: int, b: int, x: int, y: int) -> int:
        if x == y:
            return x
        low, high = self._constant(a), self._constant(b)
        if low is not None and high is not None:
            return x if low < high else y
        if low is not None and self._is_choice(b):
            p, q, u, v = self.graph.nodes[b].arguments
            return self.pick(p, q, self.pick(a, u, x, y), self.pick(a, v, x, y))
        if high is not None and self._is_choice(a):
            p, q, u, v = self.graph.nodes[a].arguments
            return self.pick(p, q, self.pick(u, b, x, y), self.pick(v, b, x, y))
        return self.graph.add("select", (a, b, x, y), self.graph.nodes[x].type)

    def _arithmetic(self, operation: str, a: int, b: int) -> int:
        """A sum of known numbers, through choices between them."""
        left, right = self._constant(a), self._constant(b)
        if left is not None and right is not None:
            return self.graph.constant(FOLDED[operation](left, right))
        if left is not None and self._is_choice(b):
            p, q, u, v = self.graph.nodes[b].arguments
            return self.pick(p, q, self._arithmetic(operation, a, u), self._arithmetic(operation, a, v))
        return self.graph.add(operation, (a, b), INTEGER)

    def _constant(self, n: int) -> int | None:
        node = self.graph.nodes[n]
        whole = node.operation == "constant" and node.type == INTEGER
        return int(node.leaf) if whole else None

    def _is_choice(self, n: int) -> bool:
        node = self.graph.nodes[n]
        return node.operation == "select" and node.type == INTEGER
