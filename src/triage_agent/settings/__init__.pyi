from .adviser import Adviser, read_adviser
from .options import (
    DEFAULT_CASCADE_ACCURACY,
    DEFAULT_THRESHOLD,
    USUAL_PRIOR,
    Backend,
    Choice,
    Options,
    Setting,
    check_options,
    choose_backend,
    settings_of_options,
    variable_of,
)
from .sources import LOCAL_FILE, FileValue, read_files, user_file
from .typed_options import check_typed

__all__ = [
    "DEFAULT_CASCADE_ACCURACY",
    "DEFAULT_THRESHOLD",
    "LOCAL_FILE",
    "USUAL_PRIOR",
    "Adviser",
    "Backend",
    "Choice",
    "FileValue",
    "Options",
    "Setting",
    "check_options",
    "check_typed",
    "choose_backend",
    "read_adviser",
    "read_files",
    "settings_of_options",
    "user_file",
    "variable_of",
]
