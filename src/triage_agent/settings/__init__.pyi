from .adviser import Adviser, read_adviser
from .choosing import Choice, check_options, choose_backend
from .extra_body import read_extra_body
from .options import (
    DEFAULT_CASCADE_ACCURACY,
    DEFAULT_THRESHOLD,
    USUAL_PRIOR,
    Backend,
    Options,
    Setting,
    SplitBy,
    settings_of_options,
    variable_of,
)
from .shorthands import ADDRESSES
from .sources import LOCAL_FILE, USER_FILE, FileValue, read_files, user_file
from .typed_options import check_typed

__all__ = [
    "ADDRESSES",
    "DEFAULT_CASCADE_ACCURACY",
    "DEFAULT_THRESHOLD",
    "LOCAL_FILE",
    "USER_FILE",
    "USUAL_PRIOR",
    "Adviser",
    "Backend",
    "Choice",
    "FileValue",
    "Options",
    "Setting",
    "SplitBy",
    "check_options",
    "check_typed",
    "choose_backend",
    "read_adviser",
    "read_extra_body",
    "read_files",
    "settings_of_options",
    "user_file",
    "variable_of",
]
