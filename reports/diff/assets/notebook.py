# %%
import json
from collections import Counter

changes = [json.loads(line) for line in LINES.splitlines()]
print(len(changes), "changes")
for name, n in Counter(c["change"] for c in changes).most_common():
    print(f"{n:6} {name}")
# %%
# What changes of queries do to what the rules match; drawn, where matplotlib is there.
try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

COLOURS = {"equivalent": "#1f7a49", "widened": "#1f62a5", "narrowed": "#97500f", "changed": "#85489f", "undecided": "#b83a26"}
verdicts = Counter(c["semantic"] for c in changes if "semantic" in c)
for name, n in verdicts.most_common():
    print(f"{n:6} {name}")
if plt and verdicts:
    names = [name for name in COLOURS if verdicts[name]]
    plt.figure(figsize=(7, 0.35 * len(names) + 1))
    plt.barh(names, [verdicts[name] for name in names], color=[COLOURS[name] for name in names])
    plt.gca().invert_yaxis()
    plt.title("Changed queries by verdict")
    plt.tight_layout()
    plt.show()
# %%
# The rules that lose something, with what they lose.
for c in changes:
    if c.get("semantic") in ("narrowed", "changed"):
        print(c["rule"])
        for w in c.get("witnesses", []):
            if w["matches"] == "old":
                print("   ", *w["leaves"], sep="\n      ")
                print("      ", json.dumps(w["docs"][0]))
# %%
# Cases of the old suites that come out differently.
for c in changes:
    suite = c.get("suite", {"cases": 0, "flips": []})
    if suite["flips"]:
        print(f"{len(suite['flips']):5} of {suite['cases']:5}  {c['rule']}")
