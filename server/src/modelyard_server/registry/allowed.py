"""Which names the pickle of a model may import; what is not listed, somebody must look at."""

from __future__ import annotations

import re
from enum import StrEnum


class Judgement(StrEnum):
    """What a name in a pickle means for it."""

    known = "known"
    unknown = "unknown"
    dangerous = "dangerous"


_EXACT = frozenset(
    f"{module}.{name}"
    for module, names in {
        "builtins": "bool bytearray bytes complex dict float frozenset int list object range set "
        "slice str tuple type",
        "__builtin__": "bool bytearray bytes complex dict float frozenset int list object range "
        "set slice str tuple long unicode xrange",
        "collections": "OrderedDict defaultdict Counter deque ChainMap",
        "copyreg": "_reconstructor __newobj__ __newobj_ex__",
        "copy_reg": "_reconstructor __newobj__",
        "_codecs": "encode",
        "datetime": "date datetime time timedelta timezone",
        "decimal": "Decimal",
        "fractions": "Fraction",
        "functools": "partial",
        "operator": "itemgetter",
        "pathlib": "PosixPath PurePosixPath Path PurePath",
        "types": "SimpleNamespace",
        "uuid": "UUID",
        "mlflow.pyfunc.model": "PythonModel",
        "mlflow.models.signature": "ModelSignature _TypeHints",
        "mlflow.types.schema": "AnyType Array ColSpec DataType Map Object ParamSchema ParamSpec "
        "Property Schema TensorInfo TensorSpec",
        "pyarrow.lib": "_restore_array py_buffer type_for_alias",
        "joblib.numpy_pickle": "NumpyArrayWrapper NDArrayWrapper ZNDArrayWrapper",
        "scipy.sparse": "csr_matrix csc_matrix coo_matrix csr_array csc_array coo_array",
        "torch": "Size device dtype FloatStorage DoubleStorage HalfStorage BFloat16Storage "
        "LongStorage IntStorage ShortStorage CharStorage ByteStorage BoolStorage float16 float32 "
        "float64 bfloat16 int8 int16 int32 int64 uint8 bool",
        "torch._utils": "_rebuild_tensor _rebuild_tensor_v2 _rebuild_parameter "
        "_rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_tensor "
        "_rebuild_device_tensor_from_numpy",
        "torch._tensor": "_rebuild_from_type_v2",
        "torch.storage": "UntypedStorage TypedStorage",
        "torch.jit._pickle": "restore_type_tag build_intlist build_tensorlist build_doublelist "
        "build_boollist build_tensor_from_id",
        "xgboost.core": "Booster",
        "lightgbm.basic": "Booster",
        "catboost.core": "CatBoost CatBoostClassifier CatBoostRegressor CatBoostRanker",
        "numpy": "ndarray dtype matrix bool_ str_ bytes_ void object_ datetime64 timedelta64 "
        "float16 float32 float64 longdouble complex64 complex128 int8 int16 int32 int64 uint8 "
        "uint16 uint32 uint64 intc uintc bool float_ int_ longlong ulonglong",
    }.items()
    for name in names.split()
)
_CLASSES = re.compile(
    r"(?:sklearn|xgboost\.sklearn|lightgbm\.sklearn|torch\.nn|torch\.optim|imblearn|"
    r"category_encoders|statsmodels|scipy\.(?:sparse|stats|interpolate|spatial|optimize)|"
    r"pandas(?:\.core|\._libs)?|numpy\.(?:ma|random|matrixlib|dtypes|polynomial))"
    r"(?:\.[a-z_]\w*)*\.(?:[A-Z]\w*|_[A-Z]\w*)"
)
_INSIDE = re.compile(
    r"(?:sklearn\.(?:[a-z_]\w*\.)*_?[a-z_]\w*\.(?:__pyx_unpickle_\w+|newObj)"
    r"|sklearn\.(?:[a-z_]\w*\.)*\w+\.__pyx_\w+"
    r"|numpy\.(?:_core|core)\.(?:multiarray|numeric|_internal)\.(?:_reconstruct|scalar|"
    r"_frombuffer|_convert_to_ctypes|_reconstruct)"
    r"|numpy\.random\._pickle\.__\w+_ctor|numpy\.random\.bit_generator\.__pyx_unpickle_\w+"
    r"|numpy\.random\.(?:_\w+)\.(?:\w+)"
    r"|numpy\.(?:_core|core)\._ufunc_reconstruct|numpy\.(?:_core|core)\.numerictypes\.\w+"
    r"|numpy\.ma\.core\._mareconstruct|__torch__\.[\w.]+"
    r"|pandas\._libs\.(?:[a-z]\w*\.)*_unpickle_\w+|pandas\._libs\.internals\._unpickle_block"
    r"|pandas\.core\.indexes\.base\._new_Index|pandas\.core\.internals\.managers\.\w+Manager"
    r"|pandas\._libs\.arrays\.__pyx_unpickle_\w+"
    r"|scipy\.special\._ufuncs\.(?:expit|logit|gammaln|log_ndtr|xlogy)"
    r"|numpy\.(?:log|log1p|exp|expm1|sqrt|square|abs|mean|median|sum|min|max|clip|tanh))"
)
_DANGEROUS_MODULES = frozenset(
    [
        "os",
        "posix",
        "nt",
        "subprocess",
        "sys",
        "socket",
        "shutil",
        "pty",
        "ctypes",
        "importlib",
        "runpy",
        "code",
        "codeop",
        "webbrowser",
        "urllib",
        "urllib2",
        "http",
        "httplib",
        "requests",
        "asyncio",
        "multiprocessing",
        "threading",
        "pip",
        "signal",
        "marshal",
        "pickle",
        "_pickle",
        "dill",
        "tempfile",
        "glob",
        "fileinput",
        "io",
        "_io",
        "builtins.__dict__",
        "timeit",
        "pdb",
        "bdb",
        "cProfile",
        "profile",
        "trace",
        "platform",
        "nturl2path",
        "ftplib",
        "smtplib",
        "ssl",
        "zipimport",
        "pkgutil",
        "inspect",
        "gc",
        "commands",
        "popen2",
        "sqlite3",
        "shelve",
        "venv",
        "ensurepip",
        "distutils",
        "setuptools",
    ]
)
_DANGEROUS_BUILTINS = frozenset(
    [
        "eval",
        "exec",
        "compile",
        "open",
        "__import__",
        "breakpoint",
        "execfile",
        "input",
        "file",
        "getattr",
        "setattr",
        "delattr",
        "globals",
        "locals",
        "vars",
        "apply",
        "map",
        "filter",
    ]
)
_DANGEROUS_WORDS = frozenset(
    [
        "os",
        "sys",
        "subprocess",
        "system",
        "popen",
        "Popen",
        "spawn",
        "exec",
        "eval",
        "execfile",
        "runstring",
        "__import__",
        "import_module",
        "check_output",
        "getoutput",
        "fork",
        "load",
        "loads",
        "read_pickle",
        "load_module",
        "_load_from_bytes",
        "load_state_dict_from_url",
        "hub",
        "__globals__",
        "__builtins__",
        "__getattribute__",
        "__subclasses__",
        "__reduce__",
        "__class__",
        "f_globals",
    ]
)
_CODE = re.compile(
    r"cloudpickle(\.cloudpickle(_fast)?)?\..*|types\.(CodeType|FunctionType|LambdaType)|"
    r"dill\._dill\..*|_cloudpickle.*"
)
REACHING_WORDS = frozenset(
    [
        "os",
        "subprocess",
        "socket",
        "ctypes",
        "importlib",
        "shutil",
        "pty",
        "__import__",
        "eval",
        "exec",
        "popen",
        "Popen",
        "__builtins__",
        "__subclasses__",
        "urllib",
        "requests",
        "httpx",
        "pickle",
        "marshal",
    ]
)
"""Names that code of its own uses when it reaches beyond numbers."""


def judge(name: str) -> Judgement:
    """Judge a dotted name that a pickle imports; `?` stands for one made while loading."""
    if name == "?":
        return Judgement.dangerous
    module, _, attribute = name.partition(".")
    if module in {"builtins", "__builtin__"}:
        if name in _EXACT:
            return Judgement.known
        first = attribute.partition(".")[0]
        is_bad = first in _DANGEROUS_BUILTINS or "." in attribute
        return Judgement.dangerous if is_bad else Judgement.unknown
    if name in _EXACT:
        return Judgement.known
    if module in _DANGEROUS_MODULES or _DANGEROUS_WORDS & set(attribute.split(".")):
        return Judgement.dangerous
    if _CLASSES.fullmatch(name) or _INSIDE.fullmatch(name):
        return Judgement.known
    return Judgement.unknown


def carries_code(name: str) -> bool:
    """Tell whether the name rebuilds functions or classes that lie in the pickle itself."""
    return _CODE.fullmatch(name) is not None
