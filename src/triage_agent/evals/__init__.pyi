from .calibrate import Fitted, Listening, fit
from .cascaded import Curve, Step, cascade_curve
from .cases import (
    Attack,
    BusinessCase,
    Case,
    DecisionCase,
    Perturbation,
    TieCase,
    load,
    load_problems,
    read_cases,
    stratified,
)
from .comparison import Comparison, compare_many, exit_code
from .flags import evaluate_flags, flag_values
from .gate import EXIT_BREACH, Check, Missing, breaches, check, check_recorded, load_gates
from .manifest import checked, digest
from .page import cascade_page, report_page
from .pairs import GATED_ATTACKS, GATED_PERTURBATIONS, Pair, attack_pairs, perturbation_pairs
from .record import Run, make_folder, read_rows, read_settings, settings_of, write_run
from .rows import EvalRow
from .run import run_businesses, run_cases, run_decisions, run_pairs, run_ties
from .split import Split, choose_split
from .summary import summarise_run
from .terminal import show_checks, show_summary

__all__ = [
    "EXIT_BREACH",
    "GATED_ATTACKS",
    "GATED_PERTURBATIONS",
    "Attack",
    "BusinessCase",
    "Case",
    "Check",
    "Comparison",
    "Curve",
    "DecisionCase",
    "EvalRow",
    "Fitted",
    "Listening",
    "Missing",
    "Pair",
    "Perturbation",
    "Run",
    "Split",
    "Step",
    "TieCase",
    "attack_pairs",
    "breaches",
    "cascade_curve",
    "cascade_page",
    "check",
    "check_recorded",
    "checked",
    "choose_split",
    "compare_many",
    "digest",
    "evaluate_flags",
    "exit_code",
    "fit",
    "flag_values",
    "load",
    "load_gates",
    "load_problems",
    "make_folder",
    "perturbation_pairs",
    "read_cases",
    "read_rows",
    "read_settings",
    "report_page",
    "run_businesses",
    "run_cases",
    "run_decisions",
    "run_pairs",
    "run_ties",
    "settings_of",
    "show_checks",
    "show_summary",
    "stratified",
    "summarise_run",
    "write_run",
]
