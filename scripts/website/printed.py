"""When what an example prints counts as what it should print."""

from __future__ import annotations

import doctest
import re

NUMBER = re.compile(r"(?<![\w.])[-+]?\d+\.?\d*(?:e[-+]?\d+)?(?![\w])")


def same(printed: str, wanted: str) -> bool:
    """Compare two outputs: digit by digit, but for the last digit of a number with three or more.

    Such a digit may depend on the processor.
    """
    checker = doctest.OutputChecker()
    if checker.check_output(wanted, printed, doctest.ELLIPSIS):
        return True
    theirs, ours = NUMBER.findall(printed), NUMBER.findall(wanted)
    if len(theirs) != len(ours) or not all(map(near, theirs, ours)):
        return False
    numbers = iter(theirs)
    return checker.check_output(
        NUMBER.sub(lambda _: next(numbers), wanted), printed, doctest.ELLIPSIS
    )


class Checker(doctest.OutputChecker):
    """Compares the outputs of examples as `same` does."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return same(got, want)


def near(printed: str, wanted: str) -> bool:
    digits = decimals(wanted)
    if printed == wanted or {printed, wanted} == {"0.", "-0."}:
        return True
    if digits < 3 or "e" in printed + wanted:
        return False
    return decimals(printed) == digits and abs(float(printed) - float(wanted)) < 1.5 * 10**-digits


def decimals(number: str) -> int:
    return len(number.partition("e")[0].partition(".")[2])
