"""One document about a layer that a committee can read, as PDF or HTML."""

from workflows.reports.write import REPORT_SUFFIXES, check_report_name, write_report

__all__ = ["REPORT_SUFFIXES", "check_report_name", "write_report"]
