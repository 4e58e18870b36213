"""Report: a page about a run on test pairs."""

from __future__ import annotations

from mt.config import SearchConfig
from mt.console import Console
from mt.data.spec import check_files
from mt.errors import UsageError
from mt.evaluation.test_sets import files_of
from mt.inspection.report import write_report
from mt.options import ReportOptions
from mt.storage.output import check_apart, check_output
from mt.translator.opening import open_text_translator


def report(options: ReportOptions, search: SearchConfig, console: Console) -> None:
    """Write the page. Raises UsageError for several models, MTError for what else the user can mend."""
    if len(options.model) > 1:
        raise UsageError("mt report is about one run: give -m once")
    check_files(options.test)
    if options.save is not None:
        for file in files_of((*options.test, *options.datastore)):
            check_apart(options.save, file)
        check_output(options.save)
    write_report(open_text_translator("mt report", options, search, console), options, console)
