# SPDX-License-Identifier: Apache-2.0
"""Medians, spreads and ratios of repeats, and tables of them."""
import statistics


def short(value):
    """Three digits that count."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


class Spread:
    """The repeats of one figure."""

    def __init__(self, values):
        self.values = list(values)

    @property
    def median(self):
        return statistics.median(self.values) if self.values else None

    def __str__(self):
        if not self.values:
            return "-"
        if len(self.values) == 1:
            return short(self.values[0])
        return f"{short(self.median)} ({short(min(self.values))}–{short(max(self.values))})"

    def over(self, other):
        """Ratios of what ran in the same repeat."""
        return Spread(one / two for one, two in zip(self.values, other.values) if two)

    def told(self):
        return {"median": self.median, "min": min(self.values, default=None), "max": max(self.values, default=None),
                "repeats": self.values}


def table(title, headings, rows):
    """Plain text, the first column to the left and all others to the right."""
    cells = [list(headings)] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    lines = [title, ""]
    for number, row in enumerate(cells):
        lines.append("  ".join(cell.ljust(width) if not column else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(row, widths))).rstrip())
        if number == 0:
            lines.append("  ".join("-" * width for width in widths))
    return "\n".join(lines) + "\n"
