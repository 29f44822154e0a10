# The cells of a rule's notebook. A line "# %% role" begins a code cell, a line
# "# %% [markdown] role" a Markdown cell whose text stands in comments. A line that
# consists of a {{name}} is replaced. Everything runs on Python's standard library;
# where pandas can be imported, tables are DataFrames. What is above the first cell
# is not part of the notebook.

# %% [markdown] title
# {{title}}

# %% [markdown] rule
# {{rule}}

# %% parameters
{{parameters}}
api_key_env = "ES_API_KEY"  # the environment variable that holds the API key; never put a key here
start = "now-24h"  # of the events that the last search looks at
end = "now"
offline = True  # False: the live cells talk to es_url
query_dialect = "dsl"  # or "lucene"
max_hits = 100

# %% [markdown] query-title
# {{query-notes}}

# %% query
import json

# For each predicate of the rule: Query DSL, and a query string. None is what
# could not be translated.
QUERIES = json.loads(r'''
{{queries}}
''')
for query in QUERIES:
    print(query["name"])
    print("  query string:", query["lucene"])
    print("  Query DSL:   ", json.dumps(query["dsl"], ensure_ascii=False))

# %% [markdown] documents-title
# {{documents-notes}}

# %% documents
CASES = json.loads(r'''
{{cases}}
''')
print(len(CASES), "cases")

# %% [markdown] evaluator-title
# ## The rule in Python
#
# The next two cells are an evaluator with the parts that this rule needs, and the rule's predicates as data. They share nothing with what made the documents.

# %% evaluator
{{evaluator}}

# %% predicates
# A leaf is one test of one field; text and line are those of the rule.
LEAVES = json.loads(r'''
{{leaves}}
''')

# Connectives are lists, leaves are objects.
PREDICATES = json.loads(r'''
{{predicates}}
''')

# What of the rule this evaluator cannot do. Where there is anything, documents are not judged.
BEYOND = json.loads(r'''
{{beyond}}
''')
for number, leaf in enumerate(LEAVES):
    print("L%d" % (number + 1), leaf["text"], "(line %d)" % leaf["line"] if leaf["line"] else "")

# %% [markdown] check-title
# {{check-notes}}

# %% check
MARKS = {FALSE: "✗", UNKNOWN: "?", TRUE: "✓"}


def judged(doc):
    """Which predicates hold, the truth of every leaf, and what hit."""
    holds, truths, seen = [], {}, {}
    for number, predicate in enumerate(PREDICATES):
        if judge(predicate["tree"], doc, truths, seen) == TRUE:
            holds.append(number)
    return holds, truths, seen


def table(head, rows):
    """Rows as a DataFrame where there is pandas, else as text."""
    try:
        import pandas

        print(pandas.DataFrame(rows, columns=head).to_string(index=False))
        return
    except ImportError:
        pass
    texts = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[i]) for row in texts) for i in range(len(head))]
    for row in texts:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def names(holds):
    return ", ".join(PREDICATES[number]["name"] for number in holds) or "nothing"


def single(case):
    return len(PREDICATES) == 1 and "holds" not in case


checked, different, skipped, rows = 0, [], [], []
for case in CASES if not BEYOND else []:
    for position, doc in enumerate(case["docs"]):
        where = case["case"] + (" document %d" % (position + 1) if len(case["docs"]) > 1 else "")
        if "holds" in case:
            want = case["holds"][position]
        else:
            want = [0] if case["expect"] == "match" else []
        try:
            got, truths, seen = judged(doc)
        except NotJudged as reason:
            skipped.append(where + ": " + str(reason))
            continue
        checked += 1
        if got != want:
            different.append("%s: expected %s, got %s" % (where, names(want), names(got)))
        row = [where, names(want), names(got)]
        if single(case):
            row = [where, "match" if want else "no match", "match" if got else "no match"]
        rows.append([*row, "".join(MARKS[truths.get(n, FALSE)] for n in range(len(LEAVES)))])
table(["case", "expected", "here", "L1 to L%d" % len(LEAVES)], rows)
for reason in BEYOND:
    print("not judged, because this evaluator lacks", reason)
for reason in skipped:
    print("not judged:", reason)

# %% explain
# What hit, in the first matching case.
for case in [case for case in CASES if case["expect"] == "match" and not BEYOND][:1]:
    for doc in case["docs"]:
        try:
            holds, truths, seen = judged(doc)
        except NotJudged:
            continue
        print(case["case"] + ":", case["why"])
        for number, leaf in enumerate(LEAVES):
            hit = "value %r hits item %d" % (seen[number][1], seen[number][0] + 1) if number in seen else ""
            print(" ", MARKS[truths.get(number, FALSE)], leaf["text"], " ", hit)

# %% assert
assert not different, "\n".join(different)
print(checked, "documents judged as expected" + (", %d not judged" % len(skipped) if skipped else "") + "." if not BEYOND else "Nothing was judged.")

# %% [markdown] timeline-title
# {{timeline-notes}}

# %% timeline
# The fields that events are grouped by, for each of the predicates above.
GROUPS = json.loads(r'''
{{groups}}
''')
{{window}}


def moment(doc):
    from datetime import datetime

    return datetime.fromisoformat(lookup(doc, "@timestamp")[0].replace("Z", "+00:00"))


def timeline(case, width=40):
    """The events of a case in the order of time, group by group."""
    groups = {}
    for number, doc in enumerate(case["docs"]):
        for predicate in case["holds"][number] if "holds" in case else judged(doc)[0]:
            key = tuple(path + " = " + " ".join(map(str, lookup(doc, path))) for path in GROUPS[predicate])
            groups.setdefault(key, []).append((moment(doc), number + 1, PREDICATES[predicate]["name"]))
    print("%s, %s: %s" % (case["case"], case["expect"], case["why"]))
    for key, events in groups.items():
        events.sort()
        first = events[0][0]
        spread = max((events[-1][0] - first).total_seconds(), WINDOW, 0.001)
        print("  group:", ", ".join(key) or "all events")
        for time, number, name in events:
            after = (time - first).total_seconds()
            print("    %10.3fs |%s| document %d: %s" % (after, "●".rjust(1 + int((width - 1) * after / spread)).ljust(width), number, name))


for case in CASES[:12] if not BEYOND else []:
    if all(lookup(doc, "@timestamp") for doc in case["docs"]):
        timeline(case)

# %% [markdown] events-title
# {{events-notes}}

# %% events
EVENTS = json.loads(r'''
{{events}}
''')
COLUMNS = json.loads(r'''
{{columns}}
''')


def shown(doc, path):
    found = [str(value) for value in lookup(doc, path) if not isinstance(value, dict)]
    text = " ".join(", ".join(found).split())
    return text if len(text) <= 60 else text[:59] + "…"


columns = [path for path in COLUMNS if any(lookup(doc, path) for doc in EVENTS)]
table(["event", *columns], [[number + 1, *(shown(doc, path) for path in columns)] for number, doc in enumerate(EVENTS)])
if not BEYOND and len(PREDICATES) == 1:
    for number, doc in enumerate(EVENTS):
        try:
            assert judged(doc)[0] == [0], "event %d does not match" % (number + 1)
        except NotJudged as reason:
            print("event", number + 1, "not judged:", reason)

# %% [markdown] live-title
# ## Elasticsearch
#
# With `offline = False` the first cell puts the documents above into an index of their own, runs the queries, compares what they find with what is expected, and deletes the index. The second searches `index` for events of the time range.

# %% live-check
import os
import urllib.error
import urllib.request
import uuid


def call(method, path, body=None):
    """One request to Elasticsearch; a list as the body is sent as NDJSON."""
    headers = {"Content-Type": "application/json"}
    if os.environ.get(api_key_env):
        headers["Authorization"] = "ApiKey " + os.environ[api_key_env]
    data = None
    if isinstance(body, list):
        headers["Content-Type"] = "application/x-ndjson"
        data = "".join(json.dumps(line) + "\n" for line in body).encode()
    elif body is not None:
        data = json.dumps(body).encode()
    request = urllib.request.Request(es_url.rstrip("/") + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        raise RuntimeError("%s %s: %d %s" % (method, path, error.code, error.read().decode(errors="replace")[:500])) from None


def dialect(query):
    """The part of a query in the dialect that is asked for; None where there is none."""
    if query[query_dialect] is None:
        print(query["name"] + ": not translated to", query_dialect)
        return None
    return query["dsl"] if query_dialect == "dsl" else {"query_string": {"query": query["lucene"], "analyze_wildcard": True}}


MAPPING = json.loads(r'''
{{mapping}}
''')


def expected(case, position, number):
    return number in case["holds"][position] if "holds" in case else case["expect"] == "match"


if offline:
    print("offline: nothing was sent")
else:
    name = "rematch-" + uuid.uuid4().hex
    call("PUT", "/" + name, {"mappings": MAPPING})
    try:
        lines, docs = [], [(case, position) for case in CASES for position in range(len(case["docs"]))]
        for number, (case, position) in enumerate(docs):
            lines += [{"index": {"_id": str(number)}}, case["docs"][position]]
        if lines:
            answer = call("POST", "/" + name + "/_bulk?refresh=true", lines)
            assert not answer.get("errors"), answer
        for number, query in enumerate(QUERIES):
            search = dialect(query)
            if search is None:
                continue
            answer = call("POST", "/" + name + "/_search", {"size": 10000, "_source": False, "query": search})
            found = {hit["_id"] for hit in answer["hits"]["hits"]}
            wanted = {str(i) for i, (case, position) in enumerate(docs) if expected(case, position, number)}
            for i in sorted(found ^ wanted, key=int):
                print(query["name"], docs[int(i)][0]["case"], "found, though it should not be" if i in found else "not found")
            if query_dialect == "dsl" and not query["dsl_notes"]:
                assert found == wanted, "Elasticsearch disagrees"
            print(query["name"] + ":", len(found & wanted), "of", len(wanted), "found")
    finally:
        call("DELETE", "/" + name)

# %% live-search
if offline:
    print("offline: nothing was searched")
else:
    from urllib.parse import quote

    period = {"range": {"@timestamp": {"gte": start, "lte": end}}}
    for query in QUERIES:
        search = dialect(query)
        if search is None:
            continue
        body = {"size": max_hits, "query": {"bool": {"filter": [search, period]}}, "sort": [{"@timestamp": "desc"}]}
        hits = call("POST", "/" + quote(index, safe="*,-_.:") + "/_search", body)["hits"]
        print(query["name"] + ":", hits["total"]["value"], "events")
        sources = [hit["_source"] for hit in hits["hits"]]
        try:
            import pandas

            print(pandas.json_normalize(sources).to_string())
        except ImportError:
            for source in sources:
                print(json.dumps(source, ensure_ascii=False))
