# The cells of report.ipynb. A line "# %% name" begins a code cell, a line
# "# %% [markdown] name" a Markdown cell whose text stands in comments. Names are
# the ids of the cells. Everything runs on Python's standard library; where
# matplotlib can be imported, charts are drawn as well. What is above the first
# cell is not part of the notebook.

# %% [markdown] title
# {{head}}
#
# Run all cells from the top. Nothing but Python is needed, and nothing is fetched; with matplotlib installed there are charts.

# %% parameters
VERDICT = ""      # only rules with this verdict, in the last cells; "" for all
SEARCH = ""       # only rules whose name, file, reason or technique holds this
LIMIT = 20        # rows to list at most
RULE = ""         # id of the rule to show in the last cell; "" for the first with a finding

# %% data
import json

# One line a rule, as JSON.
RULES = [json.loads(line) for line in [
    {{data}}
]]
print(len(RULES), "rules")

# %% setup
from collections import Counter

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

VERDICTS = ["verified", "unsatisfiable", "unknown", "unsupported", "invalid"]
COLOURS = dict(zip(VERDICTS, ["#1f7a49", "#b83a26", "#8a5b06", "#5b6773", "#85489f"]))


def show(head, rows, widest=60):
    """Print rows as a table. Numbers stand to the right."""
    rows = list(rows)
    if not rows:
        print("(none)")
        return

    def cell(value):
        text = " ".join(str(value).split())
        return text if len(text) <= widest else text[: widest - 1] + "…"

    texts = [[cell(v) for v in row] for row in rows]
    widths = [max(len(str(h)), *(len(t[i]) for t in texts)) for i, h in enumerate(head)]
    numeric = [all(isinstance(row[i], (int, float)) for row in rows) for i in range(len(head))]

    def line(cells):
        return "  ".join(c.rjust(w) if n else c.ljust(w) for c, w, n in zip(cells, widths, numeric)).rstrip()

    print(line([str(h) for h in head]))
    print("  ".join("─" * w for w in widths))
    for t in texts:
        print(line(t))


def bars(title, counts, colour="#2f6fb0"):
    """Draw counts as horizontal bars, if there is something to draw with."""
    if plt is None or not counts:
        return
    names = list(counts)
    plt.figure(figsize=(7, 0.35 * len(names) + 1))
    plt.barh(names, [counts[n] for n in names], color=colour)
    plt.gca().invert_yaxis()
    plt.title(title)
    plt.tight_layout()
    plt.show()


def stacked(title, key):
    """Draw rules by a property, each bar made of verdicts."""
    if plt is None:
        return
    names = sorted({key(r) for r in RULES})
    plt.figure(figsize=(7, 0.35 * len(names) + 1))
    left = [0] * len(names)
    for verdict in VERDICTS:
        values = [sum(1 for r in RULES if key(r) == n and r["verdict"] == verdict) for n in names]
        if any(values):
            plt.barh(names, values, left=left, color=COLOURS[verdict], label=verdict)
            left = [a + b for a, b in zip(left, values)]
    plt.gca().invert_yaxis()
    plt.legend()
    plt.title(title)
    plt.tight_layout()
    plt.show()


def by_verdict(what, key):
    """Print rules by a property and by verdict."""
    counts = Counter((key(r), r["verdict"]) for r in RULES)
    names = sorted({name for name, _ in counts})
    show(
        [what, "rules", *VERDICTS],
        ([n, sum(counts[n, v] for v in VERDICTS), *(counts[n, v] for v in VERDICTS)] for n in names),
    )

# %% [markdown] verdicts-title
# ## Verdicts

# %% verdicts
by_verdict("type", lambda r: r["type"])
print()
by_verdict("severity", lambda r: r["severity"] or "not said")
stacked("Verdicts by type", lambda r: r["type"])

# %% [markdown] reasons-title
# ## Why rules are not verified

# %% reasons
reasons = Counter((r["verdict"], r["reason"]) for r in RULES if r["reason"])
show(["verdict", "reason", "rules"], ([v, why, n] for (v, why), n in reasons.most_common(LIMIT)))

# %% [markdown] findings-title
# ## Findings about clauses

# %% findings
kinds = Counter((f["severity"], f["code"]) for r in RULES for f in r["findings"])
show(["severity", "code", "places"], ([*kind, n] for kind, n in kinds.most_common()))

# %% [markdown] suites-title
# ## Suites

# %% suites
total = {key: sum(r[key] for r in RULES) for key in ("matching", "misses", "covered", "dead", "open")}
show(["what", "number"], total.items())
sizes = Counter()
for r in RULES:
    cases = r["matching"] + r["misses"]
    sizes[0 if cases == 0 else 1 << (cases.bit_length() - 1)] += 1
sizes = {("none" if low == 0 else f"{low} to {2 * low - 1}"): sizes[low] for low in sorted(sizes)}
print()
show(["cases", "rules"], sizes.items())
bars("Rules by number of cases", sizes, COLOURS["verified"])

killed, survived = (sum(r[key] for r in RULES) for key in ("killed", "survived"))
if killed + survived:
    print()
    print(f"{killed} of {killed + survived} changed rules are told apart ({killed / (killed + survived):.1%})")

# %% [markdown] overlaps-title
# ## Overlaps
#
# Rules that others make superfluous, as proved.

# %% overlaps
named = {r["id"]: r["name"] for r in RULES}
show(
    ["rule", "is", "by, or as"],
    (
        [r["name"], what, named[other]]
        for what, key in (("the same", "same_as"), ("covered", "covered_by"))
        for r in RULES
        for other in r[key]
    ),
)

# %% [markdown] attack-title
# ## ATT&CK coverage

# %% attack
tactics = Counter(t for r in RULES for t in r["tactics"])
verified = Counter(t for r in RULES if r["verdict"] == "verified" for t in r["tactics"])
show(["tactic", "rules", "verified"], ([t, n, verified[t]] for t, n in tactics.most_common()))
techniques = Counter(t for r in RULES for t in r["techniques"])
print()
show(["technique", "rules"], techniques.most_common(LIMIT))
bars("Verified rules by tactic", dict(verified.most_common()), COLOURS["verified"])

# %% [markdown] fields-title
# ## Fields

# %% fields
fields = Counter(f for r in RULES for f in r["fields"])
show(["field", "rules"], fields.most_common(LIMIT))
inferred = Counter(f for r in RULES for f in r["inferred"])
print()
show(["field that no schema knows", "rules"], inferred.most_common(LIMIT))

# %% [markdown] rules-title
# ## Rules
#
# Change the parameters at the top, and run these two cells again.

# %% rules
def wanted(r):
    text = " ".join([r["name"], r["file"], r["reason"], *r["techniques"]]).lower()
    return (not VERDICT or r["verdict"] == VERDICT) and SEARCH.lower() in text


chosen = [r for r in RULES if wanted(r)]
print(len(chosen), "of", len(RULES), "rules")
show(
    ["name", "file", "type", "verdict", "cases", "dead"],
    ([r["name"], r["file"], r["type"], r["verdict"], r["matching"] + r["misses"], r["dead"]] for r in chosen[:LIMIT]),
)

# %% rule
by_id = {r["id"]: r for r in RULES}
rule = by_id.get(RULE) or next((r for r in chosen if r["findings"]), chosen[0] if chosen else None)
if rule:
    print(rule["name"], f"({rule['verdict']})")
    print(rule["file"], rule["id"])
    print()
    print(rule["query"])
    for f in rule["findings"]:
        print()
        print(f["excerpt"])
    for case in rule["examples"]:
        print()
        print(f"{case['name']}: {case['expect']}: {case['why']}")
        for document in case["docs"]:
            print(json.dumps(document, indent=2, ensure_ascii=False))
