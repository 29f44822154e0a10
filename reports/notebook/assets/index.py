# The cells of index.ipynb, in the form of cells.py.

# %% [markdown] title
# {{title}}

# %% parameters
verdict = ""  # only rules with this verdict; "" for all
search = ""  # only rules whose title, id, file or technique holds this

# %% rules
import json

RULES = json.loads(r'''
{{rules}}
''')
chosen = [
    rule
    for rule in RULES
    if verdict in ("", rule["verdict"]) and search.lower() in json.dumps(rule, ensure_ascii=False).lower()
]
print(len(chosen), "of", len(RULES), "rules")

# %% table
HEAD = ["title", "type", "severity", "verdict", "matching", "misses", "checked", "notebook"]
try:
    import pandas

    print(pandas.DataFrame(chosen, columns=HEAD).to_string(index=False))
except ImportError:
    for rule in chosen:
        print("  ".join(str(rule[name]) for name in HEAD))

# %% counts
from collections import Counter

for key in ("verdict", "type", "severity"):
    print(key + ":", ", ".join("%s %d" % (name or "not said", n) for name, n in Counter(rule[key] for rule in chosen).most_common()))
techniques = Counter(technique for rule in chosen for technique in rule["techniques"])
print("techniques:", ", ".join("%s %d" % pair for pair in techniques.most_common(20)))
