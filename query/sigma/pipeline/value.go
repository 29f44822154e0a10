package pipeline

// Transformations of the values of items, placeholders among them.

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/rematch-dev/rematch/query"
	"github.com/rematch-dev/rematch/query/sigma"
)

// values is a transformation of the values of items that are compared as text. f
// returns what takes the place of a value; nothing is that the value stays.
func values(f func(r *run, i *sigma.Item, v sigma.Value) []sigma.Value) transformation {
	return func(r *run, it *item) bool {
		return r.items(it, func(i *sigma.Item) (*sigma.Search, bool) {
			if !textual(i) {
				return nil, false
			}
			return r.replaced(i, func(v sigma.Value) []sigma.Value { return f(r, i, v) })
		})
	}
}

// replaced exchanges the values of an item. Several in the place of one are
// alternatives, under all too.
func (r *run) replaced(i *sigma.Item, f func(v sigma.Value) []sigma.Value) (*sigma.Search, bool) {
	acted, several := false, false
	made := make([][]sigma.Value, len(i.Values))
	for k, v := range i.Values {
		made[k] = f(v)
		if len(made[k]) == 0 {
			made[k] = []sigma.Value{v}
			continue
		}
		acted = true
		several = several || len(made[k]) > 1
		if r.made += len(made[k]); r.made > r.nodes() {
			r.stop(i.Span)
			return nil, false
		}
	}
	if !acted {
		return nil, false
	}
	if several && modified(i, "all") {
		out := &sigma.Search{Span: i.Span, Not: modified(i, "neq")}
		for _, alternatives := range made {
			next := *i
			next.Modifiers = without(without(i.Modifiers, "all"), "neq")
			next.Values = alternatives
			out.Terms = append(out.Terms, same(&next))
		}
		return out, true
	}
	next := *i
	next.Values = slices.Concat(made...)
	return same(&next), true
}

// loneBackslash is a backslash that takes the meaning from nothing.
var loneBackslash = regexp.MustCompile(`\\([^*?]|$)`)

func readReplace(p *parameters) transformation {
	expression, replacement := p.regex("regex"), pythonTemplate(p.text("replacement"))
	skip, interpret := p.flag("skip_special"), p.flag("interpret_special")
	return values(func(_ *run, i *sigma.Item, v sigma.Value) []sigma.Value {
		g, ok := valueGlob(v)
		if !ok || v.Value.Kind() == query.Bool {
			return nil
		}
		if !skip {
			text := expression.ReplaceAllString(plainText(g), replacement)
			if text == plainText(g) {
				return []sigma.Value{v}
			}
			return []sigma.Value{v.With(loneBackslash.ReplaceAllString(text, `\\$1`))}
		}
		var out query.Glob
		for _, part := range g {
			switch {
			case part.Kind != query.GlobText:
				out = joined(out, query.Glob{part})
			case interpret:
				out = joined(out, globOf(expression.ReplaceAllString(part.Text, replacement)))
			default:
				out = out.Text(expression.ReplaceAllString(part.Text, replacement))
			}
		}
		return []sigma.Value{v.With(out.String())}
	})
}

// pythonTemplate turns the replacement of Python's re.sub into Go's: \1 and
// \g<name> are groups, and a dollar sign is itself.
func pythonTemplate(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '$':
			b.WriteString("$$")
		case c == '\\' && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9':
			j := i + 1
			for j < len(s) && j < i+3 && s[j] >= '0' && s[j] <= '9' {
				j++
			}
			b.WriteString("${" + strings.TrimLeft(s[i+1:j-1], "0") + s[j-1:j] + "}")
			i = j - 1
		case strings.HasPrefix(s[i:], `\g<`) && strings.IndexByte(s[i:], '>') > 3:
			end := i + strings.IndexByte(s[i:], '>')
			b.WriteString("${" + s[i+3:end] + "}")
			i = end
		case c == '\\' && i+1 < len(s) && s[i+1] == '\\':
			b.WriteByte('\\')
			i++
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func readMapString(p *parameters) transformation {
	_, to := p.mapping("mapping")
	return values(func(_ *run, i *sigma.Item, v sigma.Value) []sigma.Value {
		g, ok := valueGlob(v)
		if !ok || v.Value.Kind() != query.String {
			return nil
		}
		var out []sigma.Value
		for _, text := range to[plainText(g)] {
			out = append(out, v.With(text))
		}
		return out
	})
}

// anyValues is a transformation of the values of items of every form.
func anyValues(f func(r *run, i *sigma.Item, v sigma.Value) []sigma.Value) transformation {
	return func(r *run, it *item) bool {
		return r.items(it, func(i *sigma.Item) (*sigma.Search, bool) {
			return r.replaced(i, func(v sigma.Value) []sigma.Value { return f(r, i, v) })
		})
	}
}

func readSetValue(p *parameters) transformation {
	to := p.value("value")
	switch force := p.choice("force_type", "", "str", "num"); {
	case force == "str":
		to.Value = query.StringOf(to.Text.String)
	case force == "num" && !to.Value.IsNumber():
		v, ok := numberOf(to.Text.String)
		if !ok {
			p.fail(query.CodeType, to.Span, "%.60q is no number", to.Text.String)
		}
		to.Value = v
	}
	return anyValues(func(_ *run, _ *sigma.Item, v sigma.Value) []sigma.Value {
		out := v.With(to.Text.String)
		out.Value = to.Value
		return []sigma.Value{out}
	})
}

func numberOf(text string) (query.Value, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return query.IntOf(n), true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f-f != 0 {
		return query.Value{}, false
	}
	return query.FloatOf(f), true
}

func readConvert(p *parameters) transformation {
	to := p.choice("target_type", "", "str", "num")
	if to == "" {
		p.wrong("convert_type needs target_type", "it is str or num")
	}
	return func(r *run, it *item) bool {
		return r.items(it, func(i *sigma.Item) (*sigma.Search, bool) {
			if !textual(i) {
				return nil, false
			}
			wrong := false
			next, acted := r.replaced(i, func(v sigma.Value) []sigma.Value {
				switch {
				case v.Value.IsNull():
					return nil
				case to == "str":
					if v.Value.Kind() == query.String {
						return []sigma.Value{v}
					}
					return []sigma.Value{v.With(v.Value.String())}
				case v.Value.IsNumber():
					return []sigma.Value{v}
				}
				n, ok := numberOf(v.Text.String)
				if !ok {
					wrong = true
					r.fail(query.CodeType, v.Span, "%.60q is no number, and the pipeline asks for one", v.Text.String)
					return nil
				}
				v.Value = n
				return []sigma.Value{v}
			})
			return next, acted && !wrong
		})
	}
}

func readCase(p *parameters) transformation {
	method := p.choice("method", "lower", "upper", "snake_case")
	change := func(s string) string {
		switch method {
		case "upper":
			return strings.ToUpper(s)
		case "snake_case":
			return snake(s)
		}
		return strings.ToLower(s)
	}
	return values(func(_ *run, _ *sigma.Item, v sigma.Value) []sigma.Value {
		if v.Value.Kind() != query.String {
			return nil
		}
		var out query.Glob
		for _, part := range globOf(v.Text.String) {
			if part.Kind == query.GlobText {
				out = out.Text(change(part.Text))
			} else {
				out = joined(out, query.Glob{part})
			}
		}
		return []sigma.Value{v.With(out.String())}
	})
}

// snake writes ProcessCreation as process_creation.
func snake(s string) string {
	var b strings.Builder
	before := ' '
	for _, r := range s {
		if unicode.IsUpper(r) && (unicode.IsLower(before) || unicode.IsDigit(before)) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
		before = r
	}
	return b.String()
}

func readRegex(p *parameters) transformation {
	method := p.choice("method", "ignore_case_brackets", "ignore_case_flag", "plain")
	return func(r *run, it *item) bool {
		return r.items(it, func(i *sigma.Item) (*sigma.Search, bool) {
			if !textual(i) || slices.ContainsFunc(i.Values, func(v sigma.Value) bool { return v.Value.Kind() != query.String || v.Text.String == "" }) {
				return nil, false
			}
			next := *i
			next.Values = nil
			next.Modifiers = append([]sigma.Name{{Span: i.At, Text: "re"}}, without(i.Modifiers, "cased")...)
			if method == "ignore_case_flag" {
				next.Modifiers = slices.Insert(next.Modifiers, 1, sigma.Name{Span: i.At, Text: "i"})
			}
			for _, v := range i.Values {
				next.Values = append(next.Values, v.With("^"+expressionOf(globOf(v.Text.String), method == "ignore_case_brackets")+"$"))
			}
			return same(&next), true
		})
	}
}

// expressionOf writes a glob as an expression for the whole text.
func expressionOf(g query.Glob, brackets bool) string {
	var b strings.Builder
	for _, part := range g {
		switch part.Kind {
		case query.GlobOne:
			b.WriteString(`[\s\S]`)
		case query.GlobAny:
			b.WriteString(`[\s\S]*`)
		default:
			for _, c := range part.Text {
				lower, upper := unicode.ToLower(c), unicode.ToUpper(c)
				if brackets && lower != upper {
					b.WriteString("[" + string(lower) + string(upper) + "]")
				} else {
					b.WriteString(regexp.QuoteMeta(string(c)))
				}
			}
		}
	}
	return b.String()
}

// hashLengths tell an algorithm by the length of its hashes.
var hashLengths = map[int]string{32: "MD5", 40: "SHA1", 64: "SHA256", 128: "SHA512"}

func readHashes(p *parameters) transformation {
	var valid []string
	for _, a := range p.texts("valid_hash_algos") {
		valid = append(valid, strings.ToUpper(a.Text))
	}
	prefix, drop := p.optional("field_prefix"), p.flag("drop_algo_prefix")
	return func(r *run, it *item) bool {
		return r.items(it, func(i *sigma.Item) (*sigma.Search, bool) {
			if !textual(i) {
				return nil, false
			}
			var terms []*sigma.Search
			index := map[string]*sigma.Item{}
			for _, v := range i.Values {
				g, ok := valueGlob(v)
				if !ok {
					return nil, false
				}
				algorithm, hash := "", strings.Trim(plainText(g), "*")
				if a, h, cut := strings.Cut(strings.ReplaceAll(hash, "|", "="), "="); cut {
					algorithm, hash = strings.ToUpper(a), h
				} else {
					algorithm = hashLengths[len(hash)]
				}
				if !slices.Contains(valid, algorithm) {
					r.fail(query.CodeUnsupported, v.Span, "%.80s is no hash that hashes_fields knows", v.Text.String).With("its algorithms are %s", strings.Join(valid, ", "))
					return nil, false
				}
				field := prefix
				if !drop {
					field += algorithm
				}
				if index[field] == nil {
					next := *i
					next.Field, next.Values, next.Modifiers = field, nil, without(without(i.Modifiers, "all"), "neq")
					index[field] = &next
					terms = append(terms, same(&next))
				}
				index[field].Values = append(index[field].Values, v.With(query.Glob{}.Text(hash).String()))
			}
			return &sigma.Search{Span: i.Span, Any: !modified(i, "all"), Not: modified(i, "neq"), Terms: terms}, true
		})
	}
}

// Placeholders.

// placeheld is a transformation of placeholders: f returns the values of a name.
func placeheld(p *parameters, f func(r *run, v sigma.Value, name string) ([]string, bool)) transformation {
	include, exclude := p.node.Get("include") != nil, p.node.Get("exclude") != nil
	var names []sigma.Name
	switch {
	case include && exclude:
		p.wrong("include and exclude exclude each other", "")
	case include:
		names = p.texts("include")
	case exclude:
		names = p.texts("exclude")
	}
	handled := func(name string) bool {
		listed := slices.ContainsFunc(names, func(n sigma.Name) bool { return n.Text == name })
		return !include && !exclude || include == listed
	}
	return func(r *run, it *item) bool {
		return r.items(it, func(i *sigma.Item) (*sigma.Search, bool) {
			if !modified(i, "expand") {
				return nil, false
			}
			left := false
			next, acted := r.replaced(i, func(v sigma.Value) []sigma.Value {
				if v.Value.Kind() != query.String {
					return nil
				}
				pieces := placeholders(v.Text.String)
				texts := []string{pieces[0]}
				found := false
				for k := 1; k < len(pieces); k += 2 {
					alternatives := []string{"%" + pieces[k] + "%"}
					if !handled(pieces[k]) {
						left = true
					} else if values, ok := f(r, v, pieces[k]); ok {
						found, alternatives = true, values
					} else {
						left = true
					}
					if r.made += len(texts) * len(alternatives); r.made > r.nodes() {
						r.stop(v.Span)
						return nil
					}
					var next []string
					for _, t := range texts {
						for _, a := range alternatives {
							next = append(next, t+a+pieces[k+1])
						}
					}
					texts = next
				}
				if !found {
					return nil
				}
				var out []sigma.Value
				for _, t := range texts {
					out = append(out, v.With(t))
				}
				return out
			})
			if !acted || left {
				return next, acted
			}
			settle(next)
			return next, true
		})
	}
}

// settle takes the modifier expand from items that have no placeholders left.
func settle(s *sigma.Search) {
	if s.Item != nil {
		s.Item.Modifiers = without(s.Item.Modifiers, "expand")
		for k, v := range s.Item.Values {
			if v.Value.Kind() == query.String {
				s.Item.Values[k] = v.With(strings.ReplaceAll(v.Text.String, `\%`, "%"))
			}
		}
	}
	for _, t := range s.Terms {
		settle(t)
	}
}

func readWildcards(p *parameters) transformation {
	return placeheld(p, func(*run, sigma.Value, string) ([]string, bool) { return []string{"*"}, true })
}

func readValues(p *parameters) transformation {
	return placeheld(p, func(r *run, v sigma.Value, name string) ([]string, bool) {
		values, ok := r.p.vars[name]
		if !ok {
			r.fail(query.CodeUnsupported, v.Span, "the pipeline has no values for the placeholder %%%s%%", name).With("give them under vars")
		}
		var out []string
		for _, text := range values {
			out = append(out, strings.ReplaceAll(text, "%", `\%`))
		}
		return out, ok
	})
}
