from .calibration import CalibrationRequest, fit_and_write
from .cascaded import cascade_of_runs
from .comparison import compare_runs, comparison_exit_code
from .evaluation import EvalRequest, evaluate
from .page import cascade_page
from .rates import Rate, clustered_rate, rate
from .side_by_side import evaluate_models
from .terminal import (
    progress_bars,
    show_checks,
    show_curve,
    show_lines,
    show_side_by_side,
    show_summary,
)

__all__ = [
    "CalibrationRequest",
    "EvalRequest",
    "Rate",
    "cascade_of_runs",
    "cascade_page",
    "clustered_rate",
    "compare_runs",
    "comparison_exit_code",
    "evaluate",
    "evaluate_models",
    "fit_and_write",
    "progress_bars",
    "rate",
    "show_checks",
    "show_curve",
    "show_lines",
    "show_side_by_side",
    "show_summary",
]
