"""What can be wrong with a package or a row, as values: where, the reason, and what would be right."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """The closed family of faults; the first block refuses the package, the second only its row."""

    NOT_A_ZIP = "not_a_zip"
    TOO_LARGE = "too_large"
    TOO_MANY_MEMBERS = "too_many_members"
    EXPANDS_TOO_MUCH = "expands_too_much"
    UNREADABLE_MEMBER = "unreadable_member"
    DUPLICATE_FILE = "duplicate_file"
    UNKNOWN_FILE = "unknown_file"
    MISSING_MANIFEST = "missing_manifest"
    INVALID_MANIFEST_HEADER = "invalid_manifest_header"
    INVALID_MANIFEST_PROPERTY = "invalid_manifest_property"
    UNSUPPORTED_VERSION = "unsupported_version"
    MISSING_FILE = "missing_file"
    UNEXPECTED_FILE = "unexpected_file"
    MISSING_COLUMN = "missing_column"
    UNKNOWN_COLUMN = "unknown_column"
    DUPLICATE_COLUMN = "duplicate_column"
    MISSING_HEADER = "missing_header"

    UNESCAPED_QUOTE = "unescaped_quote"
    UNTERMINATED_QUOTE = "unterminated_quote"
    RECORD_TOO_LONG = "record_too_long"
    INVALID_UTF8 = "invalid_utf8"
    INVALID_CHARACTER = "invalid_character"
    WRONG_NUMBER_OF_FIELDS = "wrong_number_of_fields"
    MISSING_REQUIRED_VALUE = "missing_required_value"
    VALUE_TOO_LONG = "value_too_long"
    INVALID_GUID = "invalid_guid"
    INVALID_LIST = "invalid_list"
    INVALID_ENUM = "invalid_enum"
    INVALID_BOOLEAN = "invalid_boolean"
    INVALID_DATE = "invalid_date"
    INVALID_DATETIME = "invalid_datetime"
    INVALID_YEAR = "invalid_year"
    INVALID_INTEGER = "invalid_integer"
    INVALID_FLOAT = "invalid_float"
    MODIFIED_IN_FUTURE = "modified_in_future"
    DUPLICATE_SOURCED_ID = "duplicate_sourced_id"
    MISSING_TARGET_RECORD = "missing_target_record"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `file` is the member's name, `line` counts from 1 (0 = the file as a whole).

    `detail` names the field and what would be right, never the value: values are about children.
    """

    file: str
    line: int
    reason: Reason
    detail: str
    field: str = ""
