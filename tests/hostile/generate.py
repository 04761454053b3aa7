# SPDX-License-Identifier: Apache-2.0
"""All kinds of tokens there are; which they are, and how many."""
# they register themselves
import kinds_claims, kinds_foreign, kinds_form, kinds_good, kinds_header, kinds_json, kinds_signature  # noqa: E401, F401
from forge import KINDS, Case, Mint, generate  # noqa: F401


def counted(found):
    """Lines for a report: how many of each kind, by a mapping of that."""
    return [f"{found[name]:6} {name}" + (f" ({', '.join(KINDS[name].numbers)})" if KINDS[name].numbers else "")
            for name in KINDS if found[name]]
