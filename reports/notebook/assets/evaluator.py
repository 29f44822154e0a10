# The evaluator that notebooks carry. It needs Python's standard library alone.
# A line "# %% name" begins a section; a notebook holds the sections that its rule
# needs, in this order. What is above the first section is not part of any.
#
# It says in Python what package query/eval says in Go, for one document at a time:
# a test reads the same cases in both. What it cannot judge raises NotJudged.

# %% core
import json
import re

# Truth has three values; "and" is min, "or" is max, "not" t is TRUE - t. A rule
# matches where its predicate is TRUE.
FALSE, UNKNOWN, TRUE = 0, 1, 2
TRUTHS = {"false": FALSE, "unknown": UNKNOWN, "true": TRUE}


class NotJudged(Exception):
    """Says what about a document this evaluator cannot judge."""


def lookup(value, path):
    """The values at a dotted path. {"a.b": 1} and {"a": {"b": 1}} say the same,
    lists are taken apart, and null is no value."""
    if value is None:
        return []
    if isinstance(value, list):
        found = []
        for element in value:
            found += lookup(element, path)
        return found
    if path == "":
        return [value]
    found = []
    if isinstance(value, dict):
        for name, member in value.items():
            if name == path:
                found += lookup(member, "")
            elif path.startswith(name + "."):
                found += lookup(member, path[len(name) + 1 :])
    return found


READ = {}  # by field type: a function of (leaf or field, value) to the value as it is compared, None for none
TEST = {}  # by operator and type, or by operator: a function of (leaf, item, value read) to whether it hits


def raw(field, doc):
    """What stands in a document where a field points."""
    if field.get("hidden"):  # in a nested object of which no element is looked at here
        return []
    path = field.get("path", field["field"])
    if "*" in path:
        return wild(doc, path)
    return lookup(doc, path)


def values(field, doc):
    """The values of a field as the field's type reads them."""
    read = READ[field["type"]]
    found = (read(field, value) for value in raw(field, doc))
    return [value for value in found if value is not None]


def judge_leaf(leaf, doc, seen):
    """The truth of a leaf. With seen, a dictionary, also which item hit which value."""
    if leaf["op"] == "script":
        return judge_script(leaf, doc)
    have = values(leaf, doc)
    if not have:
        return TRUTHS[leaf.get("absent", "false")]
    if leaf["op"] == "exists":
        return TRUE
    test = TEST.get((leaf["op"], leaf["type"])) or TEST[leaf["op"]]
    for number, item in enumerate(leaf["items"]):
        for value in have:
            if test(leaf, item, value):
                if seen is not None:
                    seen[leaf["leaf"]] = (number, value)
                return TRUE
    return FALSE


def judge(node, doc, truths=None, seen=None):
    """The truth of a predicate on a document. With truths, a dictionary, every
    leaf is judged, also where the outcome is clear already, and noted there."""
    if isinstance(node, dict):
        truth = judge_leaf(node, doc, seen)
        if truths is not None:
            truths[node["leaf"]] = max(truths.get(node["leaf"], FALSE), truth)
        return truth
    kind = node[0]
    if kind == "not":
        return TRUE - judge(node[1], doc, truths, seen)
    if kind == "constant":
        return TRUTHS[node[1]]
    if kind == "each":
        truth = FALSE
        for element in elements(doc, node[1]):
            truth = max(truth, judge(node[2], element, truths, seen))
        return truth
    truth, end = (TRUE, FALSE) if kind == "and" else (FALSE, TRUE)
    for term in node[1:]:
        one = judge(term, doc, truths, seen)
        truth = min(truth, one) if kind == "and" else max(truth, one)
        if truth == end and truths is None:
            break
    return truth


# %% text
def float_text(number):
    """A float as JSON text: 1.0, never 1, and no exponent where that is short."""
    if number != number or number in (float("inf"), float("-inf")):
        return "null"
    text = repr(number)
    if "e" in text and 1e-6 <= abs(number) < 1e21:
        from decimal import Decimal

        text = format(Decimal(text), "f")
    elif "e" not in text and number != 0 and not 1e-6 <= abs(number) < 1e21:
        from decimal import Decimal

        mantissa, exponent = format(Decimal(text), "e").split("e")
        if "." in mantissa:
            mantissa = mantissa.rstrip("0").rstrip(".")
        text = "%se%s%02d" % (mantissa, exponent[0], int(exponent[1:]))
    if "." not in text and "e" not in text:
        text += ".0"
    return text


def whole(number):
    """An integer stays one if it fits 64 bits, with or without a sign."""
    return number if -(2**63) <= number < 2**64 else float(number)


def scalar_text(value):
    """A string itself, and another scalar as JSON writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        value = whole(value)
    if isinstance(value, int):
        return str(value)
    return float_text(value)


def read_text(field, value):
    if isinstance(value, dict):
        return None
    text = scalar_text(value)
    limit = field.get("ignore_above", 0)
    return None if limit and len(text) > limit else text


for name in ("keyword", "constant_keyword", "wildcard", "flattened", "version", "text", "match_only_text"):
    READ[name] = read_text


def fold_exact(text):
    return text


FOLD = {"exact": fold_exact}


def folded(leaf, text):
    return FOLD[leaf.get("fold", "exact")](text)


def test_equal_text(leaf, item, text):
    return folded(leaf, text) == folded(leaf, scalar_text(item))


TEST["equals"] = test_equal_text

# %% ascii
# Elasticsearch's case_insensitive folds the letters of ASCII only.
ASCII_LOWER = {c: c + 32 for c in range(ord("A"), ord("Z") + 1)}


def fold_ascii(text):
    return text.translate(ASCII_LOWER)


FOLD["ascii"] = fold_ascii

# %% simple
# Unicode's simple case folding: one letter for one letter, so that ß is not ss.
FOLDED = {}


def fold_letter(letter):
    if letter not in FOLDED:
        for candidate in (letter.casefold(), letter.lower()):
            if len(candidate) == 1:
                FOLDED[letter] = candidate
                break
        else:
            FOLDED[letter] = letter
    return FOLDED[letter]


def fold_simple(text):
    if text.isascii():
        return text.lower()
    return "".join(map(fold_letter, text))


FOLD["simple"] = fold_simple

# %% glob
RUNS = {}


def runs(parts):
    """A wildcard pattern, cut at its stars: "*" is any run of characters, "?" is
    one, and "=abc" is abc. Each run has a fixed length."""
    key = tuple(parts)
    if key not in RUNS:
        cut = [[]]
        for part in parts:
            if part == "*":
                cut.append([])
            else:
                cut[-1].append(part)
        RUNS[key] = [
            (
                re.compile("".join("." if p == "?" else re.escape(p[1:]) for p in run), re.DOTALL),
                sum(1 if p == "?" else len(p) - 1 for p in run),
            )
            for run in cut
        ]
    return RUNS[key]


def like(parts, text):
    """Whether the whole text fits. Runs are found one after the other, each as
    early as it can be, so that nothing has to be tried again."""
    (head, length), *rest = runs(parts)
    if not rest:
        return head.fullmatch(text) is not None
    if not head.match(text):
        return False
    at = length
    for run, length in rest[:-1]:
        found = run.search(text, at)
        if not found:
            return False
        at = found.end()
    tail, length = rest[-1]
    start = len(text) - length
    return start >= at and tail.match(text, start) is not None


def folded_glob(leaf, parts):
    return [p if p in "*?" else "=" + folded(leaf, p[1:]) for p in parts]


def test_like(leaf, item, text):
    return like(folded_glob(leaf, item), folded(leaf, text))


TEST["like"] = test_like

# %% wild
def paths(value, prefix=""):
    """The dotted paths of all values in a document."""
    found = []
    for name, member in value.items():
        path = prefix + name
        if isinstance(member, dict) and member:
            found += paths(member, path + ".")
        elif isinstance(member, list):
            inside = paths_in_list(member, path)
            found += inside or [path]
        else:
            found.append(path)
    return found


def paths_in_list(value, path):
    found = []
    for element in value:
        if isinstance(element, dict):
            found += paths(element, path + ".") or [path]
        elif isinstance(element, list):
            found += paths_in_list(element, path) or [path]
    return found


def wild(doc, pattern):
    """The values of all fields whose names fit a pattern."""
    parts = []
    for i, text in enumerate(pattern.split("*")):
        parts += (["*"] if i else []) + (["=" + text] if text else [])
    found = []
    for path in dict.fromkeys(paths(doc)):
        if like(parts, path):
            found += lookup(doc, path)
    return found


# %% regex
# Patterns were translated from the rule's dialect when this notebook was made.
PATTERNS = {}


def test_regex(leaf, item, text):
    if item not in PATTERNS:
        PATTERNS[item] = re.compile(item)
    return PATTERNS[item].search(text) is not None


TEST["regex"] = test_regex

# %% text-range
def test_text_range(leaf, item, text):
    text = folded(leaf, text)
    return between({end: folded(leaf, scalar_text(bound)) for end, bound in item.items()}, text)


TEST["range", "keyword"] = test_text_range
for name in ("constant_keyword", "wildcard", "flattened"):
    TEST["range", name] = test_text_range

# %% range
def between(bounds, value):
    """Whether a value lies inside bounds, any of gt, gte, lt and lte."""
    return not (
        "gt" in bounds
        and value <= bounds["gt"]
        or "gte" in bounds
        and value < bounds["gte"]
        or "lt" in bounds
        and value >= bounds["lt"]
        or "lte" in bounds
        and value > bounds["lte"]
    )


# %% numbers
INTEGERS = {"byte": 2**7, "short": 2**15, "integer": 2**31, "long": 2**63}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def parse_number(text):
    """A number in decimal notation, None for other text. Whole ones stay exact."""
    if not text or text.strip("0123456789+-.eE"):
        return None
    try:
        return whole(int(text))
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return None if number in (float("inf"), float("-inf")) else number


def read_integer(field, value):
    """Coerces as a mapping does by default: text is parsed, fractions are cut off."""
    kind = field["type"]
    if isinstance(value, str):
        number = parse_number(value)
        if isinstance(number, float) and "e" not in value.lower():
            digits = parse_number(value.split(".")[0])
            if digits is not None and kind != "unsigned_long":
                number = digits
        value = number
    if not is_number(value):
        return None
    if isinstance(value, int):
        value = whole(value)
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")) or kind == "unsigned_long" and value != int(value):
            return None
        value = int(value)
    low, high = (0, 2**64) if kind == "unsigned_long" else (-INTEGERS[kind], INTEGERS[kind])
    return value if low <= value < high else None


def test_equal_number(leaf, item, number):
    if isinstance(item, str):
        item = parse_number(item)
    return is_number(item) and number == item


def test_number_range(leaf, item, number):
    bounds = {end: parse_number(b) if isinstance(b, str) else b for end, b in item.items()}
    if not all(is_number(b) for b in bounds.values()):
        return False
    if leaf["type"] == "float":
        bounds = {end: stored_single(b) for end, b in bounds.items()}
    return between(bounds, number)


for name in ("byte", "short", "integer", "long", "unsigned_long"):
    READ[name] = read_integer
    TEST["equals", name] = test_equal_number
    TEST["range", name] = test_number_range

# %% floats
import math
import struct


def stored_single(number):
    try:
        return struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return math.copysign(float("inf"), number)


def stored_half(number):
    try:
        return struct.unpack("<e", struct.pack("<e", stored_single(number)))[0]
    except OverflowError:
        return math.copysign(float("inf"), number)


def read_float(field, value):
    """A number, rounded to what the field's type stores."""
    if isinstance(value, str):
        value = parse_number(value)
    if not is_number(value):
        return None
    number = float(value)
    if field["type"] == "half_float":
        number = stored_half(number)
    elif field["type"] == "float":
        number = stored_single(number)
    elif field["type"] == "scaled_float":
        number = math.floor(number * field["scaling"] + 0.5) / field["scaling"]
    return number if math.isfinite(number) else None


def test_equal_float(leaf, item, number):
    item = read_float(leaf, item)
    return item is not None and item == number


for name in ("half_float", "float", "double", "scaled_float"):
    READ[name] = read_float
    TEST["equals", name] = test_equal_float
    TEST["range", name] = test_number_range

# %% booleans
def read_boolean(field, value):
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "": False}.get(value) if isinstance(value, str) else None


READ["boolean"] = read_boolean
TEST["equals", "boolean"] = lambda leaf, item, value: read_boolean(leaf, item) is value

# %% dates
import datetime

EPOCH = datetime.datetime(1970, 1, 1)
DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T(?:([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?)?)?"
    r"(?:Z|([+-])([0-9]{2}):?([0-9]{2})?)?)?)?)?T?"
)
MILLIS = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{0,6}))?")


def read_nanos(text):
    """A date, or milliseconds since 1970, as nanoseconds since 1970."""
    found = DATE.fullmatch(text)
    if found:
        year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = found.groups()
        try:
            when = datetime.datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
        except ValueError:
            return None
        past = when - EPOCH
        seconds = past.days * 86400 + past.seconds
        if sign:
            if int(zone_hours) * 100 + int(zone_minutes or 0) > 1800 or int(zone_minutes or 0) > 59:
                return None
            offset = int(zone_hours) * 3600 + int(zone_minutes or 0) * 60
            seconds -= offset if sign == "+" else -offset
        return seconds * 10**9 + int((fraction or "").ljust(9, "0"))
    found = MILLIS.fullmatch(text)
    if found:
        sign, millis, fraction = found.groups()
        nanos = int(millis) * 10**6 + int((fraction or "").ljust(6, "0"))
        return -nanos if sign else nanos
    return None


def read_date(field, value):
    """A date in the resolution of the field: milliseconds or nanoseconds."""
    if isinstance(value, (bool, dict)):
        return None
    nanos = read_nanos(scalar_text(value))
    if nanos is None:
        return None
    if field["type"] == "date_nanos":
        return nanos if 0 <= nanos < 2**63 - 1 else None
    return nanos // 10**6


for name in ("date", "date_nanos"):
    READ[name] = read_date
    TEST["range", name] = lambda leaf, item, value: between(item, value)

# %% addresses
import ipaddress

MAPPED = 0xFFFF << 32  # IPv4 addresses stand among the IPv6 ones at ::ffff:0:0/96


def address_number(address):
    return int(address) + (MAPPED if address.version == 4 else 0)


def read_address(field, value):
    if not isinstance(value, str) or "%" in value:
        return None
    try:
        return address_number(ipaddress.ip_address(value))
    except ValueError:
        return None


def in_network(network, number):
    network = ipaddress.ip_network(network)
    free = network.max_prefixlen - network.prefixlen
    return number >> free == address_number(network.network_address) >> free


def test_address_range(leaf, item, number):
    bounds = {end: read_address(leaf, bound) for end, bound in item.items()}
    return None not in bounds.values() and between(bounds, number)


def address_text(number):
    if number >> 32 == 0xFFFF:
        return str(ipaddress.IPv4Address(number & 0xFFFFFFFF))
    return str(ipaddress.IPv6Address(number))


READ["ip"] = read_address
TEST["in network"] = lambda leaf, item, number: in_network(item, number)
TEST["range", "ip"] = test_address_range

# %% words
# Words of ASCII text by Unicode's rules for word boundaries (UAX #29), which is
# what the standard analyser follows. Other text needs tables that Python lacks.
STANDARD_WORD = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_]|(?<=[A-Za-z])[:.'](?=[A-Za-z])|(?<=[0-9])[,;.'](?=[0-9]))*")
PATTERN_WORD = re.compile("[A-Za-z0-9_-]+")


def words(leaf, text):
    if leaf.get("words") == "pattern":
        return [w.translate(WORD_LOWER) for w in PATTERN_WORD.findall(text)]
    if not text.isascii():
        raise NotJudged("the words of text beyond ASCII in " + leaf["field"])
    found = []
    for word in STANDARD_WORD.findall(text):
        if word.strip("_"):
            word = word.lower()
            found += [word[i : i + 255] for i in range(0, len(word), 255)]
    return found


WORD_LOWER = {c: c + 32 for c in range(ord("A"), ord("Z") + 1)}


def test_phrase(leaf, item, text):
    phrase, have = words(leaf, scalar_text(item)), words(leaf, text)
    return bool(phrase) and any(have[i : i + len(phrase)] == phrase for i in range(len(have)))


def test_word(leaf, item, text):
    return bool(set(words(leaf, scalar_text(item))) & set(words(leaf, text)))


def test_word_like(leaf, item, text):
    return any(like(item, word) for word in words(leaf, text))


TEST["phrase"] = test_phrase
TEST["word"] = test_word
TEST["word like"] = test_word_like

# %% opaque
def holds_anything(value):
    if isinstance(value, dict):
        return any(holds_anything(member) for member in value.values())
    if isinstance(value, list):
        return any(holds_anything(element) for element in value)
    return value is not None


def values(field, doc):
    """As above; an object is also there when something below its name is."""
    if READ.get(field["type"]):
        found = (READ[field["type"]](field, value) for value in raw(field, doc))
        return [value for value in found if value is not None]
    found = raw(field, doc)
    if not found and not field.get("hidden"):
        found = elements(doc, field.get("path", field["field"]))
    return [value for value in found if holds_anything(value)]


# %% elements
def elements(doc, path):
    """The objects at a dotted path. A member whose own name goes on behind the
    path, as in {"a.b": 1} for a, makes an object of its own."""
    found = []
    for name, member in doc.items():
        if name == path:
            found += objects(member, "")
        elif name.startswith(path + "."):
            found += objects(member, name[len(path) + 1 :], True)
        elif path.startswith(name + "."):
            found += objects(member, path[len(name) + 1 :])
    return found


def objects(value, path, rest=False):
    if rest:
        return [{path: value}]
    if isinstance(value, list):
        found = []
        for element in value:
            found += objects(element, path)
        return found
    if isinstance(value, dict):
        return elements(value, path) if path else [value]
    return []


# %% script
import itertools


def script_values(field, doc):
    """The values of a field as scripts get them, one None for none."""
    found = values(field, doc)
    if field["type"] == "ip":
        found = [address_text(number) for number in found]
    elif field["type"] in ("date", "date_nanos"):
        found = [date_text(field, number) for number in found]
    return found or [None]


def date_text(field, number):
    millis = number // 10**6 if field["type"] == "date_nanos" else number
    when = EPOCH + datetime.timedelta(milliseconds=millis)
    return when.isoformat(timespec="milliseconds") + "Z"


def judge_script(leaf, doc):
    """An expression is computed for every combination of the values of the fields
    in it; a result that is neither true nor false is what absence is."""
    choices = [script_values(field, doc) for field in leaf["fields"]]
    total = 1
    for choice in choices:
        total *= len(choice)
    if total > 10000:
        raise NotJudged("more than 10,000 combinations of values")
    truth = FALSE
    for combination in itertools.product(*choices):
        value = compute(leaf["expression"], combination)
        if value is True or value is False:
            one = TRUE if value else FALSE
        else:
            one = TRUTHS[leaf.get("absent", "false")]
        truth = max(truth, one)
        if truth == TRUE:
            break
    return truth


def compute(node, refs):
    kind = node[0]
    if kind == "field":
        return refs[node[1]]
    if kind == "value":
        return node[1]
    if kind == "compare":
        return compare(node[1], compute(node[2], refs), compute(node[3], refs))
    if kind == "call":
        return FUNCTIONS[node[1]](node[2], [compute(argument, refs) for argument in node[3:]])
    truths = []
    for term in node[1:]:
        value = compute(term, refs)
        truths.append(UNKNOWN if value is not True and value is not False else TRUE if value else FALSE)
    truth = min(truths, default=TRUE) if kind == "and" else max(truths, default=FALSE)
    if kind == "not":
        truth = TRUE - truth
    return None if truth == UNKNOWN else truth == TRUE


def is_numeric(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def compare(operator, a, b):
    if a is None or b is None:
        return None
    numbers, texts = is_numeric(a) and is_numeric(b), isinstance(a, str) and isinstance(b, str)
    if operator in ("==", "!="):
        same = (numbers or type(a) is type(b)) and a == b
        return same == (operator == "==")
    if not numbers and not texts:
        return None
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator]


FUNCTIONS = {}  # by name: a function of (fold, arguments)


def of_values(do):
    """A function that gives null as soon as an argument is null."""
    return lambda fold, arguments: None if None in arguments else do(fold, arguments)


def of_texts(do):
    """A test of two strings under a fold."""

    def test(fold, arguments):
        a, b = arguments
        if not isinstance(a, str) or not isinstance(b, str):
            return None
        return do(FOLD[fold](a), FOLD[fold](b))

    return of_values(test)


FUNCTIONS["isNull"] = lambda fold, arguments: arguments[0] is None
FUNCTIONS["startsWith"] = of_texts(lambda s, t: s.startswith(t))
FUNCTIONS["endsWith"] = of_texts(lambda s, t: s.endswith(t))
FUNCTIONS["stringContains"] = of_texts(lambda s, t: t != "" and t in s)

# %% functions
# Strings are measured in UTF-16 code units, as the engine's Java does.
def units(text):
    data = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2))


def from_units(text):
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def as_long(number):
    return number if -(2**63) <= number < 2**63 else None


def arithmetic(name):
    def do(fold, arguments):
        a, b = arguments
        if not is_numeric(a) or not is_numeric(b):
            return None
        if name in ("divide", "modulo") and b == 0:
            return None
        if isinstance(a, int) and isinstance(b, int) and as_long(a) is not None and as_long(b) is not None:
            if name in ("divide", "modulo"):
                quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
                if as_long(quotient) is None:
                    return None
                return quotient if name == "divide" else a - quotient * b
            return as_long({"add": a + b, "subtract": a - b, "multiply": a * b}[name])
        a, b = float(a), float(b)
        if name == "modulo":
            return math.fmod(a, b)
        if name == "divide":
            return a / b
        return {"add": a + b, "subtract": a - b, "multiply": a * b}[name]

    return of_values(do)


for name in ("add", "subtract", "multiply", "divide", "modulo"):
    FUNCTIONS[name] = arithmetic(name)
FUNCTIONS["negate"] = of_values(lambda fold, arguments: FUNCTIONS["subtract"](fold, [0, *arguments]))


def java_text(value):
    """Java's toString of a scalar."""
    if not isinstance(value, float):
        return scalar_text(value)
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return float_text(value) if value != 0 else "-0.0" if math.copysign(1, value) < 0 else "0.0"
    from decimal import Decimal

    mantissa, exponent = format(Decimal(repr(value)), "e").split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return mantissa + ("" if "." in mantissa else ".0") + "E" + str(int(exponent))


def length(fold, arguments):
    return len(units(arguments[0])) if isinstance(arguments[0], str) else None


def index_of(fold, arguments):
    start = arguments[2] if len(arguments) == 3 else 0
    if not all(isinstance(a, str) for a in arguments[:2]) or not isinstance(start, int) or isinstance(start, bool):
        return None
    text, part = (units(FOLD[fold](a)) for a in arguments[:2])
    at = text.find(part, min(max(start, 0), len(text)))
    return None if at < 0 else at


def substring(fold, arguments):
    if not isinstance(arguments[0], str):
        return None
    text = units(arguments[0])
    ends = [0, len(text)]
    for i, at in enumerate(arguments[1:]):
        if not isinstance(at, int) or isinstance(at, bool):
            return None
        ends[i] = min(max(at, -len(text)) + len(text) if at < 0 else at, len(text))
    return from_units(text[ends[0] : ends[1]]) if ends[0] < ends[1] else ""


def between_text(fold, arguments):
    if not all(isinstance(a, str) for a in arguments[:3]):
        return None
    if "" in arguments[:3]:
        return arguments[0]
    text, left, right = (units(FOLD[fold](a)) for a in arguments[:3])
    start = text.find(left)
    if start < 0:
        return ""
    start += len(left)
    greedy = len(arguments) == 4 and arguments[3] is True
    end = text.rfind(right) if greedy else text.find(right, start)
    return "" if end < start else from_units(units(arguments[0])[start:end])


def number(fold, arguments):
    text = arguments[0]
    base = arguments[1] if len(arguments) == 2 else 0
    if not isinstance(text, str) or len(arguments) == 2 and not (isinstance(base, int) and 2 <= base <= 36):
        return None
    if text.startswith("0x") and base in (0, 16):
        text, base = text[2:], 16
    elif base == 0:
        return parse_number(text)
    if not re.fullmatch("[+-]?[0-9A-Za-z]+", text):
        return None
    try:
        return as_long(int(text, base)) if not re.match("[+-]?0[xXoObB]", text) else None
    except ValueError:
        return None


FUNCTIONS["length"] = of_values(length)
FUNCTIONS["indexOf"] = of_values(index_of)
FUNCTIONS["substring"] = of_values(substring)
FUNCTIONS["between"] = of_values(between_text)
FUNCTIONS["number"] = of_values(number)
FUNCTIONS["string"] = of_values(lambda fold, arguments: java_text(arguments[0]))
FUNCTIONS["concat"] = of_values(lambda fold, arguments: "".join(map(java_text, arguments)))

# %% pattern-functions
# The last argument is a pattern that was translated when this notebook was made.
def pattern_function(test):
    def do(fold, arguments):
        text, pattern = arguments
        return test({"fold": fold}, pattern, text) if isinstance(text, str) else None

    return do


FUNCTIONS["like"] = pattern_function(lambda leaf, item, text: test_like(leaf, item, text))
FUNCTIONS["regex"] = pattern_function(lambda leaf, item, text: test_regex(leaf, item, text))

# %% network-function
def cidr_match(fold, arguments):
    address = read_address(None, arguments[0])
    if address is None:
        return None
    return any(in_network(network, address) for network in arguments[1:])


FUNCTIONS["cidrMatch"] = cidr_match
