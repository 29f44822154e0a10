package eql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/eql"
)

// testFields is a schema in which a letter tells the type.
type testFields map[string]*query.Field

var testTypes = map[string]query.Type{
	"long": query.Long, "double": query.Double, "bool": query.Boolean, "date": query.Date, "ip": query.IP,
	"text": query.TextType, "obj": query.ObjectType, "nest": query.Nested, "geo": query.GeoPoint,
	"blob": query.Binary, "ver": query.Version, "k": query.Keyword, "k2": query.Keyword, "name": query.Keyword,
	"event.category": query.Keyword, "event.type": query.Keyword, "nest.x": query.Keyword,
}

func (fs testFields) Field(name string) (*query.Field, bool) {
	base, fold := strings.CutSuffix(name, ".caseless")
	if fs[base] == nil {
		typ, known := testTypes[base]
		f := &query.Field{Name: base, Type: typ, Inferred: !known}
		if strings.HasPrefix(base, "nest.") {
			f.Nested = "nest"
		}
		fs[base] = f
	}
	return fs[base], fold
}

func (testFields) Match(string) []*query.Field { return nil }

// dump writes a predicate in one line: leaves as <field op item|item>, with
// ~ for FoldASCII and ~~ for FoldSimple; scripts in { }.
func dump(p query.Pred) string {
	list := func(name string, terms []query.Pred) string {
		var b []string
		for _, t := range terms {
			b = append(b, dump(t))
		}
		return name + "(" + strings.Join(b, " ") + ")"
	}
	switch p := p.(type) {
	case *query.And:
		return list("and", p.Terms)
	case *query.Or:
		return list("or", p.Terms)
	case *query.Not:
		return "not " + dump(p.Term)
	case *query.Const:
		return p.Truth.String()
	case *query.Leaf:
		absent := ""
		if p.Absent != query.False {
			absent = "!" + p.Absent.String()
		}
		if p.Op == query.OpScript {
			return "{" + dumpExpr(p.Expr) + "}" + absent
		}
		var items []string
		for _, o := range p.Items {
			items = append(items, dumpOperand(p.Op, o))
		}
		return "<" + strings.TrimSpace(p.Field.Name+" "+p.Op.String()+fold(p.Fold)+" "+strings.Join(items, "|")) + ">" + absent
	}
	return fmt.Sprintf("%T", p)
}

func fold(f query.Fold) string { return [...]string{"", "~", "~~"}[f] }

func dumpOperand(op query.Op, o query.Operand) string {
	switch op {
	case query.OpEqual:
		return o.Value.String()
	case query.OpGlob:
		return o.Glob.String()
	case query.OpRegex:
		return "/" + o.Regex.Source + "/"
	case query.OpNet:
		return o.Net.String()
	}
	bound := func(b *query.Bound, ends string) string {
		if b == nil {
			return ""
		}
		s := b.Value.String()
		if b.Date != nil {
			s = b.Date.String()
		}
		if b.Inclusive {
			return ends[:1] + s
		}
		return ends[1:] + s
	}
	return bound(o.Low, "[(") + ".." + bound(o.High, "])")
}

func dumpExpr(e query.Expr) string {
	switch e := e.(type) {
	case *query.FieldRef:
		return e.Field.Name
	case *query.Literal:
		return e.Value.String()
	case *query.Compare:
		return dumpExpr(e.Left) + e.Op.String() + dumpExpr(e.Right)
	case *query.Call:
		var args []string
		for _, a := range e.Args {
			args = append(args, dumpExpr(a))
		}
		return string(e.Func) + fold(e.Fold) + "(" + strings.Join(args, " ") + ")"
	case *query.Logic:
		var terms []string
		for _, t := range e.Terms {
			terms = append(terms, dumpExpr(t))
		}
		return [...]string{"all", "any", "none"}[e.Op] + "(" + strings.Join(terms, " ") + ")"
	}
	return fmt.Sprintf("%T", e)
}

// lowered are conditions and what they mean; warn is a word of the warning.
var lowered = []struct{ name, query, want, warn string }{
	// Pushed leaves, and their negations outside.
	{"category", `process where k == "a"`, `and(<event.category equals "process"> <k equals "a">)`, ""},
	{"category joins and", `process where k == "a" and bool`, `and(<event.category equals "process"> <k equals "a"> <bool equals true>)`, ""},
	{"equal", `any where k == "a"`, `<k equals "a">`, ""},
	{"not equal", `any where k != "a"`, `not <k equals "a">`, ""},
	{"not not equal", `any where not k != "a"`, `<k equals "a">`, ""},
	{"not", `any where not k == "a"`, `not <k equals "a">`, ""},
	{"not not", `any where not not k == "a"`, `<k equals "a">`, ""},
	{"null", `any where k == null`, `not <k exists>`, ""},
	{"not null", `any where k != null`, `<k exists>`, ""},
	{"not == null", `any where not k == null`, `<k exists>`, ""},
	{"null on the left", `any where null != k`, `<k exists>`, ""},
	{"colon literal", `any where k : "A"`, `<k equals~ "A">`, ""},
	{"colon wildcard", `any where k : "A*?"`, `<k like~ A*?>`, ""},
	{"colon list is one leaf", `any where not k : ("a", "b*")`, `not <k like~ a|b*>`, ""},
	{"backslash is ordinary", `any where k : "C:\\*"`, `<k like~ C:\\*>`, ""},
	{"like", `any where k like ("a?", "b")`, `<k like a?|b>`, ""},
	{"like literal", `any where k like "b"`, `<k equals "b">`, ""},
	{"like~", `any where k like~ "a*"`, `<k like~ a*>`, ""},
	{"regex", `any where k regex ("a.*", "b")`, `<k regex /a.*/|/b/>`, ""},
	{"regex~", `any where not k regex~ "a.*"`, `not <k regex~ /a.*/>`, ""},
	{"in", `any where long in (1, 2.0)`, `<long equals 1|2>`, ""},
	{"not in", `any where k not in ("a", "b")`, `not <k equals "a"|"b">`, ""},
	{"in~", `any where k in~ ("a", "b*")`, `<k equals~ "a"|"b*">`, ""},
	{"null in a list", `any where k in ("a", null)`, `<k equals "a">`, ""},
	{"ranges", `any where long > 1 and long >= 2 and long < 3 and long <= 4.5`, `and(<long range (1..> <long range [2..> <long range ..)3> <long range ..]4.5>)`, ""},
	{"constant on the left", `any where 1 < long`, `<long range (1..>`, ""},
	{"negated range", `any where not long > 1`, `not <long range (1..>`, ""},
	{"string range", `any where k >= "b"`, `<k range ["b"..>`, ""},
	{"date range", `any where date > "now-1d"`, `<date range (now-1d..>`, ""},
	{"date equals a day", `any where date == "2026-02-28"`, `<date range [2026-02-28..]2026-02-28>`, ""},
	{"address", `any where ip == "10.0.0.1"`, `<ip in network 10.0.0.1/32>`, ""},
	{"network", `any where ip != "10.6.48.157/8"`, `not <ip in network 10.0.0.0/8>`, ""},
	{"cidrMatch", `any where not cidrMatch(ip, "10.0.0.0/8", "FE80::/10")`, `not <ip in network 10.0.0.0/8|fe80::/10>`, ""},
	{"startsWith", `any where startsWith(k, "a*")`, `<k like a\**>`, ""},
	{"startsWith~", `any where not startsWith~(k, "a")`, `not <k like~ a*>`, ""},
	{"endsWith is a pattern", `any where endsWith(k, "a*b")`, `<k like *a*b>`, ""},
	{"stringContains is a pattern", `any where stringContains(k, "P=\\*")`, `<k like *P=\**>`, ""},
	{"backslash at the end of a pattern", `any where endsWith(k, "a\\")`, `<k like *a\\>`, ""},
	{"bare boolean", `any where bool`, `<bool equals true>`, ""},
	{"not bare boolean", `any where not bool`, `not <bool equals true>`, ""},
	{"boolean constants", `any where bool == false and true != bool`, `and(<bool equals false> not <bool equals true>)`, ""},
	{"number into a keyword", `any where k == 5 or k == 1.0 or k == 12345678.5`, `or(<k equals "5"> <k equals "1.0"> <k equals "1.23456785E7">)`, ""},
	{"string into a number", `any where long == "5" and double == "1.5"`, `and(<long equals 5> <double equals 1.5>)`, ""},
	{"large numbers are exact", `any where long == 9007199254740993`, `<long equals 9007199254740993>`, ""},
	{"multi-field", `any where name.caseless == "CMD" and name.caseless : "a*"`, `and(<name equals~~ "CMD"> <name like~~ a*>)`, ""},
	{"optional", `any where ?k == "a"`, `<k equals "a">`, ""},
	{"constant function", `any where k == concat("a", 1, true)`, `<k equals "a1true">`, ""},
	{"string of a string is nothing", `any where string(k) != "a"`, `not <k equals "a">`, ""},
	{"condition == false", `any where startsWith(k, "a") == false`, `not <k like a*>`, ""},
	{"true == condition", `any where true == (k in ("a"))`, `<k equals "a">`, ""},
	{"plus sign", `any where +long == +1`, `<long equals 1>`, ""},
	// Scripts, and their negations inside.
	{"length", `any where length(k) == 3`, `{length(k)==3}`, ""},
	{"length !=", `any where length(k) != 3`, `{length(k)!=3}`, ""},
	{"not script", `any where not length(k) > 3`, `{none(length(k)>3)}`, ""},
	{"not not script", `any where not not length(k) > 3`, `{length(k)>3}`, ""},
	{"script constant left", `any where 3 < length(k)`, `{length(k)>3}`, ""},
	{"two fields", `any where startsWith~(k, k2)`, `{startsWith~~(k k2)}`, ""},
	{"not two fields", `any where not endsWith(string(ip), string(k))`, `{none(endsWith(string(ip) k))}`, ""},
	{"no De Morgan", `any where not (length(k) > 3 and k2 == "a")`, `not and({length(k)>3} <k2 equals "a">)`, ""},
	{"arithmetic", `any where long % 2 + 1 == -1`, `{add(modulo(long 2) 1)==-1}`, ""},
	{"negation", `any where -long == 1`, `{negate(long)==1}`, ""},
	{"arithmetic over two fields in a function", `any where endsWith(substring(k, 0, length(k) - (length(k2) + 1)), k2)`, `{endsWith(substring(k 0 subtract(length(k) add(length(k2) 1))) k2)}`, ""},
	{"script null", `any where length(k) == null`, `{isNull(length(k))}`, ""},
	{"script not null", `any where length(k) != null`, `{none(isNull(length(k)))}`, ""},
	{"script in", `any where length(k) not in (1, 2)`, `{none(regex(string(length(k)) "1|2"))}`, ""},
	{"script in of strings", `any where substring(k, 0, 1) in ("a", ".")`, `{regex(substring(k 0 1) "a|\\.")}`, ""},
	{"script in of one", `any where length(k) not in (1)`, `{none(length(k)==1)}`, ""},
	{"script like", `any where not substring(k, 1) : "A*"`, `{none(like~~(substring(k 1) "A*"))}`, ""},
	{"script list, negation outside", `any where not substring(k, 1) : ("a", "b")`, `not or({like~~(substring(k 1) "a")} {like~~(substring(k 1) "b")})`, ""},
	{"script regex", `any where substring(k, 1) regex ("a", "b")`, `{regex(substring(k 1) "(a)|(b)")}`, ""},
	{"script in~", `any where substring(k, 1) in~ ("a*")`, `{regex~~(substring(k 1) "a\\*")}`, ""},
	{"condition == true over a script", `any where endsWith(k, k2) != true`, `{none(endsWith(k k2))}`, ""},
	{"null argument", `any where startsWith(k, null)`, `{startsWith(k null)}`, ""},
	// Constants.
	{"true", `any where true`, `true`, ""},
	{"not false", `any where not (false or false)`, `true`, ""},
	{"unknown", `any where null and true`, `unknown`, ""},
	{"null or true", `any where null or true`, `true`, ""},
	{"constants in a condition", `any where 1 + 1 == 2 and k == "a"`, `and(true <k equals "a">)`, ""},
	{"null == null", `any where null == null`, `true`, ""},
	{"integers divide", `any where 7 / 2 == 3 and -7 % 3 == -1 and 1 / 0 == null`, `true`, ""},
	{"constant match", `any where "abc" : "A*" and not "abc" like "A*" and "a" in~ ("A") and 1 not in (2, 3)`, `true`, ""},
	{"constant functions", `any where between("abcd", "a", "d") == "bc" and indexOf("abc", "c") == 2 and substring("hello", -3, -1) == "ll" and length("😀") == 2 and number("0x10") == 16`, `true`, ""},
	{"constant regex", `any where "a" regex "a|b"`, `{regex("a" "a|b")}`, ""},
	// What matches nothing.
	{"string for a long", `any where long == "abc"`, `false`, "never"},
	{"not string for a long", `any where long != "abc"`, `true`, "never"},
	{"fraction for a long", `any where long == 1.5`, `false`, "never"},
	{"part of a list", `any where long in (1, 1.5)`, `<long equals 1>`, "never"},
	{"word for a boolean", `any where bool == "bar"`, `false`, "never"},
	{"impossible date", `any where date == "2020-02-41"`, `false`, "never"},
	{"number for an address", `any where ip == 0`, `false`, "never"},
	{"broken network", `any where cidrMatch(ip, "10.0.0.0/99")`, `false`, "never"},
	{"binary", `any where blob == "a"`, `false`, "never"},
	{"script of another type", `any where length(k) == "a"`, `false`, "compared"},
	{"wildcard after ==", `any where k == "*a*"`, `<k equals "*a*">`, "ordinary character"},
	{"anchors", `any where k regex "^a$"`, `<k regex /^a$/>`, "ordinary characters"},
}

func TestLower(t *testing.T) {
	for _, c := range lowered {
		t.Run(c.name, func(t *testing.T) {
			body, diags := eql.Lower(parse(t, c.query), eql.Options{Fields: testFields{}})
			if body == nil {
				t.Fatalf("%s", query.Printer{}.Print(diags[0]))
			}
			if got := dump(body.(*query.Event).Where); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			switch {
			case c.warn == "" && len(diags) > 0:
				t.Errorf("unwanted: %v", diags)
			case c.warn != "" && len(diags) == 0:
				t.Errorf("no warning")
			case c.warn != "" && (!strings.Contains(diags[0].Summary, c.warn) || diags[0].Code != query.CodeSuspect || diags[0].Severity != query.Warning):
				t.Errorf("warning %v", diags[0])
			}
		})
	}
}

func TestLiteralAffixes(t *testing.T) {
	for src, want := range map[string]string{
		`any where endsWith(k, "a*\\b")`:       `<k like *a\*\\b>`,
		`any where stringContains~(k, "a?")`:   `<k like~ *a\?*>`,
		`any where stringContains(k, "")`:      `false`,
		`any where not stringContains(k, "")`:  `true`,
		`any where startsWith(k, "") == false`: `not <k like *>`,
	} {
		body, diags := eql.Lower(parse(t, src), eql.Options{Fields: testFields{}, LiteralAffixes: true})
		if body == nil {
			t.Fatal(diags)
		}
		if got := dump(body.(*query.Event).Where); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", src, got, want)
		}
	}
}

// refused are what the verifier rejects, with ¦ at the place.
var refused = []struct {
	name, query     string
	code            query.Code
	summary, detail string
}{
	{"colon on a number", `any where ¦long : 123`, query.CodeType, "needs a string on its left, this is a long field", "use =="},
	{"like on a number", `any where ¦long like "*"`, query.CodeType, "needs a string", "use =="},
	{"regex on an address", `any where ¦ip regex "1.*"`, query.CodeType, "needs a string", "cidrMatch"},
	{"colon list on a number", `any where ¦long : ("1", "2")`, query.CodeType, "needs a string", "use `in`"},
	{"number after colon", `any where k : ¦5`, query.CodeType, "compares with strings", "=="},
	{"null after colon", `any where k : ¦null`, query.CodeType, "compares with strings", "== null"},
	{"number in in~", `any where k in~ ("a", ¦5)`, query.CodeType, "compares with strings", ""},
	{"mixed list", `any where long in (1, ¦"a")`, query.CodeType, "cannot hold a string", "type"},
	{"addresses in a list", `any where ip in (¦"10.0.0.1")`, query.CodeType, "cannot hold a string", "cidrMatch"},
	{"field in a list", `any where k in ("a", ¦k2)`, query.CodeType, "constants only", "startsWith"},
	{"two fields", `any where ¦k == k2`, query.CodeType, "two fields", "startsWith"},
	{"two fields in functions", `any where ¦length(k) == length(k2) - 1`, query.CodeType, "two fields", ""},
	{"two fields in arithmetic", `any where ¦long + double == 1`, query.CodeType, "arithmetic over two fields", ""},
	{"a hyphen makes two fields", `any where ¦user-agent == 1`, query.CodeType, "arithmetic over two fields", "backquotes"},
	{"cidrMatch of a keyword", `any where cidrMatch(¦k, "10.0.0.0/8")`, query.CodeType, "needs an ip", ""},
	{"cidrMatch with a field", `any where cidrMatch(ip, ¦k)`, query.CodeType, "constant string", ""},
	{"cidrMatch with a number", `any where cidrMatch(ip, ¦1)`, query.CodeType, "constant string", ""},
	{"cidrMatch of nothing", `any where ¦cidrMatch(ip)`, query.CodeArguments, "at least 2 arguments", "cidrMatch(address"},
	{"too many arguments", `any where ¦length(k, k) == 1`, query.CodeArguments, "takes 1 argument, not 2", "length(source"},
	{"too few arguments", `any where ¦substring(k) == "a"`, query.CodeArguments, "2 to 3 arguments", ""},
	{"argument type", `any where substring(k, ¦1.0) == "a"`, query.CodeType, "needs an integer", ""},
	{"string function of a number", `any where startsWith(¦long, "1")`, query.CodeType, "needs a string", "string(long)"},
	{"number of a number", `any where number(¦long) == 1`, query.CodeType, "needs a string", "already"},
	{"number of no number", `any where ¦number("x") == 1`, query.CodeArguments, "no number", ""},
	{"arithmetic on strings", `any where ¦k + 1 == 2`, query.CodeType, "needs a number", ""},
	{"sign of a string", `any where -¦k == 1`, query.CodeType, "needs a number", ""},
	{"overflow", `any where ¦9223372036854775807 + 1 == long`, query.CodeArguments, "64 bits", ""},
	{"tilde not allowed", `any where ¦length~(k) == 1`, query.CodeFunction, "no case-insensitive form", "~"},
	{"unknown function", `any where ¦startWith(k, "a")`, query.CodeFunction, "no function `startWith`", "startsWith"},
	{"function of old", `any where ¦wildcard(k, "a*")`, query.CodeFunction, "no function", "field :"},
	{"unknown function, no idea", `any where ¦frobnicate(k)`, query.CodeFunction, "no function", ""},
	{"number as a condition", `any where ¦long`, query.CodeType, "a condition must be boolean, this is a long field", "long != null"},
	{"string function as a condition", `any where ¦concat(k, "a")`, query.CodeType, "must be boolean", ""},
	{"null as a condition", `any where ¦null`, query.CodeType, "must be boolean", ""},
	{"string under and", `any where bool and ¦k`, query.CodeType, "needs conditions", "k != null"},
	{"number under not", `any where not ¦long`, query.CodeType, "needs conditions", ""},
	{"text", `any where ¦text == "a"`, query.CodeType, "analysed text", "KQL"},
	{"text and null", `any where ¦text == null`, query.CodeType, "analysed text", ""},
	{"text in a function", `any where length(¦text) > 1`, query.CodeType, "analysed text", ""},
	{"object", `any where ¦obj != null`, query.CodeType, "type object", "inside"},
	{"geo", `any where ¦geo == 0`, query.CodeType, "type geo_point", ""},
	{"nested", `any where ¦nest == 0`, query.CodeType, "type nested", ""},
	{"inside nested", `any where ¦nest.x == "a"`, query.CodeType, "nested object `nest`", ""},
	{"keys of unlike types", `sequence [a where true] by k [b where true] by ¦long`, query.CodeType, "joined with `k`", "like types"},
	{"until's key of unlike type", `sequence [a where true] by k [b where true] by k until [c where true] by ¦long`, query.CodeType, "joined with `k`", ""},
	{"text key", `sequence by ¦text [a where true] [b where true]`, query.CodeType, "analysed text", ""},
	{"caseless key", `sequence by ¦name.caseless [a where true] [b where true]`, query.CodeUnsupported, "ignores case", ""},
	{"missing at both ends", `sequence with maxspan=1s ¦![a where true] [b where true] ![c where true]`, query.CodeUnsupported, "both ends", ""},
	{"order of null", `any where ¦long < null`, query.CodeUnsupported, "no order", ""},
	{"order of conditions", `any where ¦(long == 1) < true`, query.CodeUnsupported, "no order", ""},
	{"order of versions", `any where ¦ver < "1.2"`, query.CodeUnsupported, "versions", ""},
	{"condition as an argument", `any where concat(¦long == 1) == "true"`, query.CodeUnsupported, "stands as an argument", ""},
	{"caseless in a function", `any where length(¦name.caseless) == 1`, query.CodeUnsupported, "ignores case", ""},
}

func TestRefused(t *testing.T) {
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			at := strings.Index(c.query, "¦")
			body, diags := eql.Lower(parse(t, strings.Replace(c.query, "¦", "", 1)), eql.Options{Fields: testFields{}})
			if body != nil || len(diags) != 1 {
				t.Fatalf("body %v, diagnostics %v", body, diags)
			}
			d := diags[0]
			if d.Code != c.code || d.Source == nil || !strings.Contains(d.Summary, c.summary) || !strings.Contains(d.Detail, c.detail) {
				t.Errorf("want [%s] %q and %q\n%s", c.code, c.summary, c.detail, query.Printer{}.Print(d))
			}
			if got := d.Subjects[0].Start; got != at {
				t.Errorf("points at %d, want %d\n%s", got, at, query.Printer{}.Print(d))
			}
		})
	}
}

func TestSequence(t *testing.T) {
	st := parse(t, `sequence by k with maxspan=1m
	  [process where long == 1] by ?k2
	  ![any where bool] by name
	  [file where true] by k2 with runs=3
	until [any where long == 2] by k2`)
	body, diags := eql.Lower(st, eql.Options{Fields: testFields{}, CategoryField: "event.type"})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	seq := body.(*query.Sequence)
	var got []string
	for _, s := range append(seq.Steps, *seq.Until) {
		var keys []string
		for _, k := range s.By {
			keys = append(keys, fmt.Sprintf("%s:%v", k.Field.Name, k.Optional))
		}
		got = append(got, fmt.Sprintf("%s by %s missing=%v runs=%d", dump(s.Where), strings.Join(keys, ","), s.Missing, s.Runs))
	}
	want := []string{
		`and(<event.type equals "process"> <long equals 1>) by k:false,k2:true missing=false runs=0`,
		`<bool equals true> by k:false,name:false missing=true runs=0`,
		`and(<event.type equals "file"> true) by k:false,k2:false missing=false runs=3`,
		`<long equals 2> by k:false,k2:false missing=false runs=0`,
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
	if seq.MaxSpan.String() != "1m0s" {
		t.Errorf("maxspan %v", seq.MaxSpan)
	}
	body, _ = eql.Lower(parse(t, `sample by k [a where true] [b where true]`), eql.Options{Fields: testFields{}})
	if s, ok := body.(*query.Sample); !ok || len(s.Steps) != 2 || len(s.Steps[1].By) != 1 {
		t.Errorf("sample lowered to %v", body)
	}
}

// TestOperandSpans holds that every leaf and item knows its place.
func TestOperandSpans(t *testing.T) {
	src := `process where not k : ("a", "b*") and long > 1`
	st := parse(t, src)
	body, _ := eql.Lower(st, eql.Options{Fields: testFields{}})
	var got []string
	for _, l := range query.Leaves(nil, body.(*query.Event).Where) {
		got = append(got, src[l.Start:l.End])
		for _, o := range l.Items {
			got = append(got, src[o.Start:o.End])
		}
	}
	want := `process process | k : ("a", "b*") "a" "b*" | long > 1 1`
	if g := strings.Join(got, " "); g != strings.ReplaceAll(want, " | ", " ") {
		t.Errorf("got %s", g)
	}
}

func TestInference(t *testing.T) {
	for _, c := range []struct {
		where string
		want  query.Type
	}{
		{`u == 1`, query.Long},
		{`-1 < u`, query.Long},
		{`u in (1, 2)`, query.Long},
		{`u in (1, 2.5)`, query.Double},
		{`u > 1 and u < 2.5`, query.Double},
		{`u + 1 == 2`, query.Long},
		{`u == true`, query.Boolean},
		{`not u`, query.Boolean},
		{`u == "a"`, query.Keyword},
		{`u == "a" or u == 1`, query.Keyword},
		{`u : "a*"`, query.Keyword},
		{`length(u) > 1`, query.Keyword},
		{`u != null`, query.Keyword},
		{`cidrMatch(u, "10.0.0.0/8") and u != "::1"`, query.IP},
	} {
		fields := testFields{}
		if body, diags := eql.Lower(parse(t, "any where "+c.where), eql.Options{Fields: fields}); body == nil {
			t.Errorf("%s: %v", c.where, diags)
		}
		if got := fields["u"].Type; got != c.want {
			t.Errorf("%s: %v, want %v", c.where, got, c.want)
		}
	}
	fields := testFields{}
	if body, diags := eql.Lower(parse(t, "sequence [a where true] by long [b where true] by u"), eql.Options{Fields: fields}); body == nil {
		t.Error(diags)
	}
	if got := fields["u"].Type; got != query.Long {
		t.Errorf("key: %v", got)
	}
}

func TestPipesAreNoted(t *testing.T) {
	body, diags := eql.Lower(parse(t, "any where true | head 5"), eql.Options{})
	if body == nil || len(diags) != 1 || diags[0].Severity != query.Note {
		t.Errorf("body %v, diagnostics %v", body, diags)
	}
}
