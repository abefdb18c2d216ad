"""From a file to its model. pycparser reads it, but what it leaves out or takes otherwise is found.

The model's text must have the tokens of the file: so nothing is in the file that is not in the model, and the
file groups its operations as the model does. What is then still to be trusted is syntax.py's text of each
part.
"""

from functools import lru_cache
from itertools import zip_longest
from typing import Any

from pycparser import c_ast, c_parser

from verification.reader import syntax
from verification.reader.tokens import CError, code, number, tokens

STUB = ("int64_t", "uint64_t")  # the types of stdint.h; how wide they are does not matter to a parser


@lru_cache(maxsize=64)
def read(file: str, text: str, types: tuple[str, ...] = ()) -> tuple[syntax.Part, ...]:
    """The parts of a file in their order; raises CError at anything that the model does not have.

    types: the records that other files define.
    """
    wanted = code(file, text)
    head = [f"typedef int {name};" for name in (*STUB, *types)]
    try:
        tree = c_parser.CParser().parse("\n".join([*head, *wanted]))
        parts = tuple(_part(item) for item in tree.ext[len(head) :])
    except CError:
        raise
    except Exception as error:  # the parser's own, and any tree that was not foreseen
        raise CError(f"unreadable C in {file}: {type(error).__name__}: {error}") from error
    compare(file, wanted, tokens(syntax.lines(parts)))
    return parts


def compare(file: str, written: list[str], understood: list[str]) -> None:
    """Raises CError at the first token of a file that is not what was understood."""
    for at, (ours, theirs) in enumerate(zip_longest(understood, written)):
        if ours != theirs:
            place = " ".join(written[max(0, at - 8) : at + 8])
            raise CError(f"{file}: {theirs!r} where {ours!r} was understood, in {place!r}")


def _part(item: Any) -> syntax.Part:
    match item:
        case c_ast.FuncDef(decl=decl, body=c_ast.Compound(block_items=block)):
            *body, last = block or [None]
            if not isinstance(last, c_ast.Return):
                return _function(decl, tuple(map(_statement, block)))
            return _function(decl, tuple(map(_statement, body)), _expression(last.expr))
        case c_ast.Decl(type=c_ast.FuncDecl()):
            return _function(item, None)
        case c_ast.Decl(type=c_ast.Enum(values=c_ast.EnumeratorList(enumerators=members))):
            return syntax.Sizes(tuple(syntax.Size(e.name, int(e.value.value)) for e in members))
        case c_ast.Decl(init=None):
            pass
        case c_ast.Decl(type=c_ast.TypeDecl() as kind, init=value):
            return syntax.Constant(" ".join(item.storage), _type(kind), item.name, _initialiser(value))
        case c_ast.Typedef(type=c_ast.TypeDecl(type=c_ast.Struct() | c_ast.Union() as record)):
            kind = "struct" if isinstance(record, c_ast.Struct) else "union"
            return syntax.Record(kind, item.name, tuple(_variable(m) for m in record.decls))
    raise CError(f"{type(item).__name__} {getattr(item, 'name', None) or ''} is not accepted")


def _function(
    decl: Any, body: tuple[syntax.Statement, ...] | None, value: syntax.Expression | None = None
) -> syntax.Function:
    parameters = tuple(_variable(p) for p in decl.type.args.params)
    storage = " ".join([*decl.storage, *decl.funcspec])
    return syntax.Function(storage, _type(decl.type.type), decl.name, parameters, body, value)


def _type(node: Any) -> str:
    """The name below pointers and extents."""
    while not isinstance(node, c_ast.IdentifierType):
        node = node.type
    return " ".join(node.names)


def _variable(decl: Any) -> syntax.Variable:
    extents, node = [], decl.type
    while isinstance(node, c_ast.ArrayDecl):
        extents.append(_expression(node.dim))
        node = node.type
    pointer = isinstance(node, c_ast.PtrDecl)
    const = "const" in (node.type if pointer else node).quals
    return syntax.Variable(const, _type(node), pointer, decl.name, tuple(extents))


def _statement(node: Any) -> syntax.Statement:
    match node:
        case c_ast.Decl():
            return syntax.Local(_variable(node), None if node.init is None else _expression(node.init))
        case c_ast.Assignment():
            return syntax.Assign(_expression(node.lvalue), node.op, _expression(node.rvalue))
        case c_ast.For(
            init=c_ast.DeclList(decls=[counter]),
            cond=c_ast.BinaryOp(right=limit),
            stmt=c_ast.Compound() as body,
        ):
            return syntax.Loop(
                counter.name, _expression(limit), tuple(map(_statement, body.block_items or []))
            )
        case c_ast.FuncCall():
            return syntax.Do(_call(node))
    raise CError(f"{type(node).__name__} is not accepted as a statement")


def _expression(node: Any) -> syntax.Expression:
    match node:
        case c_ast.Constant():
            return syntax.Number(node.value)
        case c_ast.ID():
            return syntax.Name(node.name)
        case c_ast.BinaryOp() if node.op in syntax.POWER:
            return syntax.Binary(node.op, _expression(node.left), _expression(node.right))
        case c_ast.UnaryOp(op="-" | "~"):
            return syntax.Unary(node.op, _expression(node.expr))
        case c_ast.UnaryOp(op="&"):
            return syntax.Address(_expression(node.expr))
        case c_ast.Cast():
            return syntax.Cast(_type(node.to_type), _expression(node.expr))
        case c_ast.StructRef():
            return syntax.Member(_expression(node.name), node.type == "->", node.field.name)
        case c_ast.ArrayRef():
            return syntax.Index(_expression(node.name), _expression(node.subscript))
        case c_ast.FuncCall():
            return _call(node)
    raise CError(f"{type(node).__name__} {getattr(node, 'op', '')} is not accepted in an expression")


def _call(node: Any) -> syntax.Call:
    return syntax.Call(node.name.name, tuple(map(_expression, node.args.exprs)))


def _initialiser(node: Any) -> syntax.Initialiser:
    match node:
        case c_ast.InitList(exprs=[c_ast.NamedInitializer(), *_] as items):
            return syntax.Fields(tuple((item.name[0].name, _initialiser(item.expr)) for item in items))
        case c_ast.InitList(exprs=items):
            return syntax.Row(tuple(map(_initialiser, items)))
    return _expression(node)


def literal(node: syntax.Initialiser) -> int | float:
    """The value of a literal with its sign."""
    match node:
        case syntax.Unary(sign="-", inner=syntax.Number(text=text)):
            return -number(text)
        case syntax.Number(text=text):
            return number(text)
    raise CError(f"{node} is no number")
