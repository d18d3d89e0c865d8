"""Brings histories of other tools into Modelyard: MLflow, Weights & Biases, Neptune.

A *source* reads (`mlflow_source`, `wandb_source`, `neptune_source`); the `Importer` sends what it
reads. Ids and times are kept, a second import sends nothing twice, an interrupted one goes on.
"""

from .items import Source
from .sending import Importer, Report

__all__ = ["Importer", "Report", "Source"]
