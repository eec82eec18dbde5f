"""Raw records → the columns of `users`, or a reason to reject. Spark expressions only: no Python runs for a record.

Tolerant where the API is: postcodes are numbers or text, dates come with or without milliseconds or as epoch seconds,
and a person may have no country. Strict where the table is: lengths, integer ranges, uuid syntax, dates that exist.
Text is trimmed. The session's time zone must be UTC.

JSON is read as a VARIANT, all of it or nothing, and each leaf is asked for its own type. A schema of typed leaves
would null different amounts of a record in different versions of Spark when one leaf is wrong.

`reasons.py` lists the reasons to reject.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's documentation uses

from spark.reasons import REASONS


@dataclass(frozen=True)
class Leaf:
    """A column of `users` and the place in a person's JSON that fills it."""

    column: str
    path: str
    longest: int | None = None
    numeric: bool = False
    text: bool = True
    required: bool = True


LEAVES = (
    Leaf("gender", "gender", 10),
    Leaf("name_title", "name.title", 20),
    Leaf("name_first", "name.first", 50),
    Leaf("name_last", "name.last", 50),
    Leaf("street_number", "location.street.number", numeric=True, text=False),
    Leaf("street_name", "location.street.name", 100),
    Leaf("city", "location.city", 50),
    Leaf("state", "location.state", 50),
    Leaf("country", "location.country", 50, required=False),
    Leaf("postcode", "location.postcode", 20, numeric=True),
    Leaf("email", "email", 100),
    Leaf("uuid", "login.uuid"),
    Leaf("dob_date", "dob.date", numeric=True),
    Leaf("age", "dob.age", numeric=True, text=False),
    Leaf("phone", "phone", 20),
    Leaf("cell", "cell", 20),
    Leaf("picture_large", "picture.large"),
)

# The columns of `users` that come from a person, in the table's order.
COLUMNS = (*(leaf.column for leaf in LEAVES), "email_domain")

_EMAIL_DOMAIN_LONGEST = 50
_UUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F]"
_HALF_PAIR = f"{_HIGH}(?!{_LOW})|(?<!{_HIGH}){_LOW}"
_DATE = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$"
_FIRST_SECOND, _LAST_SECOND = -62135596800, 253402300799  # of the years 1 to 9999, since the epoch
# Text that a JSON number, boolean, object or array could have become: 1e400 becomes Infinity.
_AMBIGUOUS = r"^(?:-?\d+(?:\.\d*)?(?:E[+-]?\d+)?|-?Infinity|true|false|[\[{])"
# Spark reads and writes a VARIANT by recursion: from about 700 levels on it runs out of stack, which ends the executor.
_DEEPEST = 100
# A parser stops at the end of the first value. Closing an array around it makes whatever follows an error.
_SENTINEL = "no more may follow"
# What Python's str.strip() takes away; Spark's trim() alone would take blanks only.
_WHITE_SPACE = "".join(chr(point) for point in range(0x3001) if chr(point).isspace())


def parse(records: DataFrame) -> DataFrame:
    """Give each record's columns of `users` as text, beside the columns it came with.

    Args:
        records: rows with at least `value`, as bytes.

    Returns:
        The same rows with COLUMNS, ready for PostgreSQL to cast, and `reason` and `detail`, both NULL in good rows.
    """
    given = records.columns
    # Each step is a projection of its own: Spark then works out what several expressions need once.
    read = _with(records, {"_text": F.col("value").cast("string")})
    readable = F.is_valid_utf8("_text") & ~_is_too_deep(F.col("_text"))
    read = _with(read, {"_person": F.when(readable, _json(F.col("_text")))})
    read = _with(read, {leaf.column: _text(leaf) for leaf in LEAVES})
    read = _with(read, {f"_kind_{leaf.column}": _kind(leaf) for leaf in LEAVES})
    read = _with(read, {"email_domain": F.substring_index("email", "@", -1), "dob_date": _utc("dob_date")})
    read = _with(read, {"_problem": F.coalesce(_problem_of_record(), _problem_of_fields())})
    good = F.col("_problem").isNull()
    return read.select(
        *given,
        *(F.when(good, F.col(column)).alias(column) for column in COLUMNS),
        F.col("_problem.reason").alias("reason"),
        F.col("_problem.detail").alias("detail"),
    )


def _with(frame: DataFrame, columns: dict[str, Column]) -> DataFrame:
    return frame.select(
        *(name for name in frame.columns if name not in columns),
        *(column.alias(name) for name, column in columns.items()),
    )


def _json(text: Column) -> Column:
    return F.try_parse_json(F.concat(F.lit("["), text, F.lit(f',"{_SENTINEL}"]')))


def _at(path: str, kind: str) -> Column:
    return F.try_variant_get("_person", f"$[0].{path}" if path else "$[0]", kind)


def _text(leaf: Leaf) -> Column:
    text = _at(leaf.path, "string")
    if leaf.column == "dob_date":
        # Versions 1.0 and 1.1 of the API: `dob` itself is the date.
        text = F.coalesce(text, F.when(_kind_at("dob").isin("STRING", "BIGINT"), _at("dob", "string")))
    return F.btrim(text, F.lit(_WHITE_SPACE))


def _kind(leaf: Leaf) -> Column:
    """Give a leaf's type as schema_of_variant spells it: NULL where it is missing, VOID where it is null."""
    kind = _kind_at(leaf.path)
    if leaf.column == "dob_date":
        kind = F.coalesce(kind, F.when(F.col("dob_date").isNotNull(), _kind_at("dob")))
    if not leaf.text:
        return kind
    # To ask for the type is slow, and what doesn't look like anything else can only be text.
    return (
        F.when(F.col(leaf.column).rlike(_AMBIGUOUS), kind).when(F.col(leaf.column).isNull(), kind).otherwise("STRING")
    )


def _kind_at(path: str) -> Column:
    return F.schema_of_variant(_at(path, "variant"))


def _utc(column: str) -> Column:
    """Give the text of a UTC timestamp, or NULL where there is none to be had."""
    text, seconds = F.col(column), F.expr(f"try_cast({column} AS BIGINT)")
    spelled = F.when(text.rlike(_DATE), F.expr(f"try_cast({column} AS TIMESTAMP)"))
    counted = F.when(seconds.between(_FIRST_SECOND, _LAST_SECOND), F.timestamp_seconds(seconds))
    moment = F.when(F.col(f"_kind_{column}") == "BIGINT", counted).otherwise(spelled)
    in_range = F.unix_seconds(moment).between(_FIRST_SECOND, _LAST_SECOND)
    return F.when(in_range, moment.cast("string"))


def _problem(reason: str, *detail: str | Column) -> Column:
    assert reason in REASONS, reason  # noqa: S101 - at once, while the expressions are made
    texts = (F.lit(part) if isinstance(part, str) else part for part in detail)
    return F.struct(F.lit(reason).alias("reason"), F.concat(*texts).alias("detail"))


def _first(cases: Iterable[tuple[Column, Column]]) -> Column:
    (condition, problem), *rest = cases
    chosen = F.when(condition, problem)
    for condition, problem in rest:
        chosen = chosen.when(condition, problem)
    return chosen


def _problem_of_record() -> Column:
    """Give what is wrong with the record as a whole, or NULL."""
    text, kind = F.col("_text"), _kind_at("")
    wrong_json = _first(
        [
            (F.col("value").isNull(), _problem("tombstone", "the record has no value")),
            (F.btrim(text, F.lit(_WHITE_SPACE)) == "", _problem("empty", "the value is empty or blank")),
            (~F.is_valid_utf8(text), _problem("invalid_utf8", "the value is not UTF-8")),
            # Well-formed all the same: what stopped the reading is half a pair, or a key that comes twice.
            (
                _is_well_formed(text) & text.rlike(_HALF_PAIR),
                _problem("unstorable_character", "the value holds half a surrogate pair"),
            ),
            (_is_well_formed(text), _problem("duplicate_key", "an object holds one key twice")),
        ]
    ).otherwise(_problem("not_json", "the value is not JSON, is cut off, or is nested too deep"))
    wrong_shape = _first(
        [
            (
                _at_sentinel() != _SENTINEL,
                _problem("not_json", "something follows the end of the JSON"),
            ),
            (~kind.startswith("OBJECT"), _problem("not_an_object", "the value is ", _described(kind))),
            (_at("error", "string").isNotNull(), _problem("api_error", "the value is the API's error object")),
        ]
    )
    # A person's most specific leaf: who has it needs no closer look.
    looks_right = F.col("uuid").isNotNull() & (_at_sentinel() == _SENTINEL)
    return F.when(F.col("_person").isNull(), wrong_json).when(~looks_right, wrong_shape)


def _is_too_deep(text: Column) -> Column:
    """Tell whether text is nested deeper than what Spark can read; what has few brackets needs no closer look."""
    return (_has_many("{", text) | _has_many("[", text)) & ~_is_well_formed(text)


def _has_many(bracket: str, text: Column) -> Column:
    # Half of the levels are of one kind or the other. This is the fastest way to count.
    return F.octet_length(F.substring_index(text, bracket, _DEEPEST // 2)) < F.octet_length(text)


def _is_well_formed(text: Column) -> Column:
    """Tell whether a parser that does not look for doubled keys comes to the end, no deeper than is allowed."""
    around = F.concat(F.lit('{"value":'), text, F.lit(',"end":0}'))
    strict = {"allowSingleQuotes": "false", "allowNonNumericNumbers": "false", "maxNestingDepth": str(_DEEPEST + 1)}
    return F.from_json(around, "end INT", strict)["end"].isNotNull()


def _at_sentinel() -> Column:
    return F.coalesce(F.try_variant_get("_person", "$[1]", "string"), F.lit(""))


def _problem_of_fields() -> Column:
    """Give what is wrong with the first field that is wrong, or NULL."""
    return F.coalesce(*(_problem_of(leaf) for leaf in LEAVES), _problem_of_domain())


def _problem_of(leaf: Leaf) -> Column:
    kind = F.col(f"_kind_{leaf.column}")
    absent = kind.isNull() | (kind == "VOID")
    missing = _first(
        [
            (kind.isNull(), _problem("missing_field", f"{leaf.path} is missing")),
            (kind == "VOID", _problem("null_field", f"{leaf.path} is null")),
        ]
    )
    if not leaf.required:
        missing = F.when(~absent, missing)
    elif leaf.column == "age":
        missing = F.when(~_date_is_dob(), missing)
    right_type = kind.isin([name for name, is_right in (("STRING", leaf.text), ("BIGINT", leaf.numeric)) if is_right])
    if leaf.numeric:
        # A whole number too long for 64 bits; with fewer digits it is one that was written with a point, as 12.0.
        right_type = right_type | kind.rlike(r"^DECIMAL\((19|[23]\d),0\)$")
    expected = " or ".join(
        name for name, is_right in (("text", leaf.text), ("a whole number", leaf.numeric)) if is_right
    )
    wrong_type = _problem("wrong_type", f"{leaf.path} is ", _described(kind), f", expected {expected}")
    return F.when(absent, missing).otherwise(_first([(~right_type, wrong_type), *_limits(leaf, F.col(leaf.column))]))


def _date_is_dob() -> Column:
    """Tell whether `dob` itself is the date, as in versions of the API that give no age."""
    return F.col("dob_date").isNotNull() & _at("dob.date", "string").isNull()


def _limits(leaf: Leaf, text: Column) -> Iterable[tuple[Column, Column]]:
    """Give what the table's column refuses, for a leaf of the right type."""
    if not leaf.text:
        fits = F.expr(f"try_cast({leaf.column} AS INT)").isNotNull()
        yield text.isNotNull() & ~fits, _problem("out_of_range", f"{leaf.path} does not fit an INT")
        return
    if leaf.column == "dob_date":
        yield text.isNull(), _problem("invalid_date", f"{leaf.path} is no date and time that exists")
        return
    yield (
        _unstorable(text),
        _problem("unstorable_character", f"{leaf.path} holds a character that can't be stored"),
    )
    if leaf.longest is not None:
        length = F.char_length(text)
        detail = (f"{leaf.path} has ", length.cast("string"), f" characters, at most {leaf.longest} are allowed")
        yield length > leaf.longest, _problem("too_long", *detail)
    if leaf.column == "uuid":
        yield ~text.rlike(_UUID), _problem("invalid_uuid", f"{leaf.path} is not written as a uuid")
    if leaf.column == "email":
        yield ~text.rlike(r"@[^@]+$"), _problem("invalid_email", f"{leaf.path} has no domain after an @")


def _unstorable(text: Column) -> Column:
    return text.contains(chr(0))


def _problem_of_domain() -> Column:
    length = F.char_length("email_domain")
    limit = f" characters, at most {_EMAIL_DOMAIN_LONGEST} are allowed"
    detail = ("the domain of email has ", length.cast("string"), limit)
    return F.when(length > _EMAIL_DOMAIN_LONGEST, _problem("too_long", *detail))


def _described(kind: Column) -> Column:
    """Give a type in plain words; the names of an object's keys stay out of it."""
    words = {"OBJECT": "an object", "ARRAY": "an array", "STRING": "text", "BOOLEAN": "a boolean", "VOID": "null"}
    described = F.lit("a number")
    for name, word in words.items():
        described = F.when(kind.startswith(name), F.lit(word)).otherwise(described)
    return described
