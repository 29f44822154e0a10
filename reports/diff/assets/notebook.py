# %%
import json
from collections import Counter

changes = [json.loads(line) for line in LINES.splitlines()]
print(len(changes), "changes")
for name, n in Counter(c["change"] for c in changes).most_common():
    print(f"{n:6} {name}")
# %%
for name, n in Counter(c["semantic"] for c in changes if "semantic" in c).most_common():
    print(f"{n:6} {name}")
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
