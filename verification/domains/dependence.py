"""What a node may depend on, once the integers are known: a reading of the program.

Every integer input has a value, every float input any value (all bit patterns). A node's meaning is an int
where it is the same for all of them, else the set of inputs that it may depend on: the empty set for a
float that is the same whatever they are. A select whose condition is known passes one side on and forgets
the other.
"""

from collections.abc import Callable, Iterable, Mapping

from verification.program import INTEGER, Graph

Meaning = int | frozenset[int]
INTEGERS: dict[str, Callable[..., int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "neg": lambda a: -a,
    "abs": abs,
}
NOTHING: frozenset[int] = frozenset()


def dependence(graph: Graph, nodes: Iterable[int], known: Mapping[int, int]) -> dict[int, Meaning]:
    """The meaning of each node (arguments first), where `known` gives the values of integer inputs."""
    meanings: dict[int, Meaning] = {}
    for number in nodes:
        node = graph.nodes[number]
        arguments = [meanings[a] for a in node.arguments]
        if number in known:
            meanings[number] = known[number]
        elif node.operation == "input":
            meanings[number] = frozenset([number])
        elif node.operation == "constant":
            meanings[number] = int(node.leaf) if node.type == INTEGER else NOTHING
        elif node.operation == "select":
            meanings[number] = _select(*arguments)
        elif node.operation in INTEGERS and node.type == INTEGER and _all_known(arguments):
            meanings[number] = INTEGERS[node.operation](*arguments)
        else:
            meanings[number] = union(arguments)
    return meanings


def union(meanings: Iterable[Meaning]) -> frozenset[int]:
    """All that any of these may depend on."""
    return NOTHING.union(*(m for m in meanings if isinstance(m, frozenset)))


def _all_known(meanings: Iterable[Meaning]) -> bool:
    return all(isinstance(m, int) for m in meanings)


def _select(a: Meaning, b: Meaning, x: Meaning, y: Meaning) -> Meaning:
    if isinstance(a, int) and isinstance(b, int):
        return x if a < b else y
    if isinstance(x, int) and x == y:
        return x
    return union([a, b, x, y])
