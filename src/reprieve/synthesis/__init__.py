"""From effects to pooled estimates: one Gaussian engine, many questions put to it.

`meta_analysis` pools, `meta_regression` explains, `multilevel` minds what belongs together; every
fit is a frozen result with the same few methods. The public names load on first use, so that
importing the room costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reprieve.synthesis.accruing.anytime import anytime_analysis
    from reprieve.synthesis.accruing.group_sequential import efficacy_bounds, futility_bounds
    from reprieve.synthesis.accruing.sequential import sequential_analysis
    from reprieve.synthesis.bayes.analysis import bayesian_meta_analysis, bayesian_meta_regression
    from reprieve.synthesis.bayes.gaussian import bayesian_gaussian
    from reprieve.synthesis.bayes.priors import parse_prior, rhodes_prior, turner_prior
    from reprieve.synthesis.core import fit_batch
    from reprieve.synthesis.correlated.bivariate import bivariate_analysis
    from reprieve.synthesis.correlated.block_covariance import block_covariance
    from reprieve.synthesis.correlated.multilevel import multilevel
    from reprieve.synthesis.correlated.robust import robust
    from reprieve.synthesis.diagnostics.by_subgroup import subgroups
    from reprieve.synthesis.diagnostics.gosh import gosh
    from reprieve.synthesis.diagnostics.influence import baujat, influence, standardized_residuals
    from reprieve.synthesis.diagnostics.leave_one_out import cumulative, leave_one_out
    from reprieve.synthesis.diagnostics.profiles import profile_tau2
    from reprieve.synthesis.gaussian import GaussianModel
    from reprieve.synthesis.heterogeneity import estimate_tau2
    from reprieve.synthesis.missing_evidence.asymmetry import (
        pustejovsky_rodgers_test,
        rank_test,
        regression_test,
    )
    from reprieve.synthesis.missing_evidence.asymmetry_binary import binary_asymmetry_test
    from reprieve.synthesis.missing_evidence.copas import copas_model
    from reprieve.synthesis.missing_evidence.excess_significance import excess_significance
    from reprieve.synthesis.missing_evidence.failsafe import failsafe_n
    from reprieve.synthesis.missing_evidence.funnel import funnel_contours
    from reprieve.synthesis.missing_evidence.henmi_copas import henmi_copas
    from reprieve.synthesis.missing_evidence.limit import limit_meta_analysis
    from reprieve.synthesis.missing_evidence.overview import small_study_effects
    from reprieve.synthesis.missing_evidence.precision_effect import pet_peese
    from reprieve.synthesis.missing_evidence.selection import selection_model
    from reprieve.synthesis.missing_evidence.trim_and_fill import trim_and_fill
    from reprieve.synthesis.networks.analysis import network
    from reprieve.synthesis.networks.classes import class_network
    from reprieve.synthesis.networks.components import component_network
    from reprieve.synthesis.networks.doses import dose_network
    from reprieve.synthesis.networks.modifiers import network_regression
    from reprieve.synthesis.networks.posterior import bayesian_network
    from reprieve.synthesis.networks.posterior_results import BayesianNetwork
    from reprieve.synthesis.networks.results import NetworkMetaAnalysis
    from reprieve.synthesis.pairwise import meta_analysis
    from reprieve.synthesis.rare.analysis import rare_events
    from reprieve.synthesis.rare.bounds import upper_bound
    from reprieve.synthesis.rare.network import rare_network
    from reprieve.synthesis.rare.single_arm import pooled_risk
    from reprieve.synthesis.regression import MetaRegression, meta_regression
    from reprieve.synthesis.results import MetaAnalysis
    from reprieve.synthesis.trajectories.analysis import trajectory
    from reprieve.synthesis.trajectories.results import Trajectories
    from reprieve.synthesis.variation.variability import variability_analysis
    from reprieve.synthesis.variation.worthwhile import worthwhile_share

_HOMES = {
    "subgroups": "diagnostics.by_subgroup",
    "rhodes_prior": "bayes.priors",
    "turner_prior": "bayes.priors",
    "class_network": "networks.classes",
    "component_network": "networks.components",
    "dose_network": "networks.doses",
    "network_regression": "networks.modifiers",
    "copas_model": "missing_evidence.copas",
    "anytime_analysis": "accruing.anytime",
    "baujat": "diagnostics.influence",
    "bayesian_gaussian": "bayes.gaussian",
    "bayesian_meta_analysis": "bayes.analysis",
    "bayesian_meta_regression": "bayes.analysis",
    "BayesianNetwork": "networks.posterior_results",
    "bayesian_network": "networks.posterior",
    "binary_asymmetry_test": "missing_evidence.asymmetry_binary",
    "bivariate_analysis": "correlated.bivariate",
    "block_covariance": "correlated.block_covariance",
    "cumulative": "diagnostics.leave_one_out",
    "efficacy_bounds": "accruing.group_sequential",
    "estimate_tau2": "heterogeneity",
    "excess_significance": "missing_evidence.excess_significance",
    "failsafe_n": "missing_evidence.failsafe",
    "fit_batch": "core",
    "funnel_contours": "missing_evidence.funnel",
    "futility_bounds": "accruing.group_sequential",
    "GaussianModel": "gaussian",
    "gosh": "diagnostics.gosh",
    "henmi_copas": "missing_evidence.henmi_copas",
    "influence": "diagnostics.influence",
    "leave_one_out": "diagnostics.leave_one_out",
    "limit_meta_analysis": "missing_evidence.limit",
    "meta_analysis": "pairwise",
    "meta_regression": "regression",
    "MetaAnalysis": "results",
    "MetaRegression": "regression",
    "multilevel": "correlated.multilevel",
    "network": "networks.analysis",
    "NetworkMetaAnalysis": "networks.results",
    "parse_prior": "bayes.priors",
    "pet_peese": "missing_evidence.precision_effect",
    "pooled_risk": "rare.single_arm",
    "rare_events": "rare.analysis",
    "rare_network": "rare.network",
    "upper_bound": "rare.bounds",
    "profile_tau2": "diagnostics.profiles",
    "pustejovsky_rodgers_test": "missing_evidence.asymmetry",
    "rank_test": "missing_evidence.asymmetry",
    "regression_test": "missing_evidence.asymmetry",
    "robust": "correlated.robust",
    "selection_model": "missing_evidence.selection",
    "sequential_analysis": "accruing.sequential",
    "small_study_effects": "missing_evidence.overview",
    "standardized_residuals": "diagnostics.influence",
    "Trajectories": "trajectories.results",
    "trajectory": "trajectories.analysis",
    "trim_and_fill": "missing_evidence.trim_and_fill",
    "variability_analysis": "variation.variability",
    "worthwhile_share": "variation.worthwhile",
}

__all__ = [
    "BayesianNetwork",
    "GaussianModel",
    "MetaAnalysis",
    "MetaRegression",
    "NetworkMetaAnalysis",
    "Trajectories",
    "anytime_analysis",
    "baujat",
    "bayesian_gaussian",
    "bayesian_meta_analysis",
    "bayesian_meta_regression",
    "bayesian_network",
    "binary_asymmetry_test",
    "bivariate_analysis",
    "block_covariance",
    "class_network",
    "component_network",
    "copas_model",
    "cumulative",
    "dose_network",
    "efficacy_bounds",
    "estimate_tau2",
    "excess_significance",
    "failsafe_n",
    "fit_batch",
    "funnel_contours",
    "futility_bounds",
    "gosh",
    "henmi_copas",
    "influence",
    "leave_one_out",
    "limit_meta_analysis",
    "meta_analysis",
    "meta_regression",
    "multilevel",
    "network",
    "network_regression",
    "parse_prior",
    "pet_peese",
    "pooled_risk",
    "profile_tau2",
    "pustejovsky_rodgers_test",
    "rank_test",
    "rare_events",
    "rare_network",
    "regression_test",
    "rhodes_prior",
    "robust",
    "selection_model",
    "sequential_analysis",
    "small_study_effects",
    "standardized_residuals",
    "subgroups",
    "trajectory",
    "trim_and_fill",
    "turner_prior",
    "upper_bound",
    "variability_analysis",
    "worthwhile_share",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'reprieve.synthesis' has no attribute {name!r}")
    value = getattr(import_module(f"reprieve.synthesis.{_HOMES[name]}"), name)
    globals()[name] = value  # a module of the same name must not hide the function
    return value
