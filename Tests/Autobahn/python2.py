"""Loads the cases of `autobahntestsuite`, which is Python 2 code, through lib2to3 as they are imported.

In the cases a Python 2 byte string becomes a str of the code points 0 to 255: `to_bytes` and `to_str` translate.
"""

import ast
import binascii
import importlib
import importlib.abc
import importlib.util
import re
import sys
import types
import warnings
from pathlib import Path

warnings.simplefilter("ignore", DeprecationWarning)

from autobahn.websocket import utf8validator  # noqa: E402
from lib2to3.refactor import RefactoringTool, get_fixers_from_package  # noqa: E402

PACKAGE = "autobahntestsuite"
ROOT = Path(importlib.util.find_spec(PACKAGE).origin).parent
# What the library's names were called when the cases were written.
RENAMED = ["requestNoContextTakeover", "requestMaxWindowBits", "acceptNoContextTakeover", "acceptMaxWindowBits"]


def to_bytes(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text


def to_str(data: bytes) -> str:
    return bytes(data).decode("latin-1")


class ByteStringValidator(utf8validator.Utf8Validator):
    def validate(self, data: str | bytes):
        return super().validate(to_bytes(data))


class WholeDivision(ast.NodeTransformer):
    """The quotient of two integers is one."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        return ast.copy_location(ast.Call(ast.Name("_divide", ast.Load()), [node.left, node.right], []), node)


def divide(left: float, right: float) -> float:
    return left // right if isinstance(left, int) and isinstance(right, int) else left / right


class Loader(importlib.abc.Loader):
    translator = RefactoringTool(get_fixers_from_package("lib2to3.fixes"))

    def __init__(self, path: Path) -> None:
        self.path = path

    def create_module(self, spec) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        module.__dict__.update(
            _divide=divide,
            _resource=lambda name: str(ROOT / name),
            _hex=lambda data: binascii.b2a_hex(to_bytes(data)).decode(),
            _utf8=lambda point: to_str(chr(point).encode("utf-8", "surrogatepass")),
        )
        tree = ast.parse(str(self.translator.refactor_string(self._source() + "\n", str(self.path))))
        code = compile(ast.fix_missing_locations(WholeDivision().visit(tree)), str(self.path), "exec")
        original, utf8validator.Utf8Validator = utf8validator.Utf8Validator, ByteStringValidator
        try:
            exec(code, module.__dict__)
        finally:
            utf8validator.Utf8Validator = original

    def _source(self) -> str:
        # A character of a literal that is not ASCII stood for its bytes.
        text = self.path.read_text(encoding="utf-8")
        text = "".join(c if c.isascii() else "".join(f"\\x{byte:02x}" for byte in c.encode()) for c in text)
        text = re.sub(r"^(\s*implements\(.*\)|from zope.interface import implements)\s*$", "", text, flags=re.M)
        text = re.sub(r"\(\s*object\s*,\s*Case\s*,?\s*\)", "(Case,)", text)
        text = re.sub(r"pkg_resources\.resource_filename\(\s*\"autobahntestsuite\"\s*,\s*", "_resource(", text)
        text = re.sub(r"^(import .*?)\bpkg_resources\s*,\s*", r"\1", text, flags=re.M)
        text = re.sub(r"^(import .*?),\s*pkg_resources\b", r"\1", text, flags=re.M)
        text = re.sub(r"^import pkg_resources\s*$", "", text, flags=re.M)
        text = re.sub(r"unichr\((\w)\)\.encode\(\"utf-8\"\)", r"_utf8(\1)", text)
        text = text.replace("binascii.b2a_hex(", "_hex(").replace("binascii.hexlify(", "_hex(")
        for name in RENAMED:
            text = text.replace(name, re.sub("[A-Z]", lambda letter: "_" + letter.group().lower(), name))
        return text


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path, target=None):
        if not name.startswith(PACKAGE + "."):
            return None
        place = ROOT.joinpath(*name.split(".")[1:])
        if place.is_dir():
            package = place / "__init__.py"
            return importlib.util.spec_from_file_location(
                name, package, loader=Loader(package), submodule_search_locations=[str(place)]
            )
        return importlib.util.spec_from_file_location(name, f"{place}.py", loader=Loader(place.with_suffix(".py")))


def load_cases() -> types.ModuleType:
    """The module with all `Cases` and their `CaseCategories`."""
    package = types.ModuleType(PACKAGE)  # its own __init__ is not needed
    package.__path__ = [str(ROOT)]
    sys.modules[PACKAGE] = package
    sys.meta_path.insert(0, Finder())
    cases = importlib.import_module(f"{PACKAGE}.case")
    importlib.import_module(f"{PACKAGE}.case.case").Case.compare = lambda self, left, right: left == right
    return cases
