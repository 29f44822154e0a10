package telemetry

import (
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
)

// roles are the prefixes of a process and its parent.
var roles = []string{"process.", "process.parent."}

// systemTools are programs that come with Windows and are found in its folders only.
var systemTools = strings.Fields(`
	bcdedit bitsadmin certutil cmd conhost cscript csrss dism dllhost dsquery expand findstr fsutil ftp icacls ipconfig
	lsass makecab mmc mshta msiexec nbtstat net net1 netsh netstat nltest nslookup ntdsutil odbcconf ping quser reg
	regsvr32 robocopy rundll32 sc schtasks services smss spoolsv svchost systeminfo takeown taskkill taskhostw tasklist
	userinit vssadmin w3wp wbadmin wevtutil whoami wininit winlogon wmic wmiprvse wscript wsmprovhost wusa xcopy`)

// aPath is what paths of a system look like.
var aPath = map[string]*regexp.Regexp{
	"windows": regexp.MustCompile(`^(?i:[a-z]:\\|\\\\|\\device\\|\\\?\?\\|\\registry\\|[a-z]+:|System$|Registry$|MemCompression$|Memory Compression$)`),
	"linux":   regexp.MustCompile(`^(/|memfd:|anon_inode:|\./|\[)`),
	"macos":   regexp.MustCompile(`^(/|\./)`),
}

var anyPath = map[string]string{
	"windows": `("?:\\*", "\\\\*", "\\Device\\*", "System", "Registry")`,
	"linux":   `("/*", "memfd:*", "./*")`,
	"macos":   `("/*", "./*")`,
}

func ofProcesses() (all []Relation) {
	for _, p := range roles {
		name, path, line, args := p+"name", p+"executable", p+"command_line", p+"args"
		known := func(f facts) bool { return anyPath[f.system()] != "" }
		all = append(all,
			Relation{
				Subject: "process", Name: "an executable ends in the name", Fields: []string{path, name},
				hold: func(f facts) bool { return endsInName(f.text(path), f.text(name)) },
				asks: func(f facts) string {
					if f.system() == "windows" {
						return "endsWith~(" + path + ", " + name + ")"
					}
					return "endsWith(" + path + ", " + name + ")"
				},
			},
			Relation{
				Subject: "process", Name: "an executable is a path of the system", Fields: []string{path}, when: known,
				hold: func(f facts) bool { return aPath[f.system()].MatchString(f.text(path)) },
				asks: func(f facts) string { return path + ": " + anyPath[f.system()] },
			},
			Relation{
				Subject: "process", Name: "the command line begins with the program", Fields: []string{line, name},
				hold: func(f facts) bool {
					first := words(f.text(line))
					return len(first) > 0 && isProgram(f, p, first[0])
				},
				asks: func(f facts) string {
					n, x := f.text(name), f.text(path)
					stem := strings.TrimSuffix(strings.ToLower(n), ".exe")
					return line + ": (" + quotes([]string{n, n + " *", stem, stem + " *", x, x + " *", `"` + x + `" *`, `"` + x + `"`, "-" + n, "-" + n + " *"}) + ")"
				},
			},
			Relation{
				Subject: "process", Name: "the first argument is the program", Fields: []string{args, name},
				when: func(f facts) bool { // what a command line does not begin with, is no argument either
					first := words(f.text(line))
					return len(first) == 0 || isProgram(f, p, first[0])
				},
				hold: func(f facts) bool { return isProgram(f, p, f.texts(args)[0]) },
				asks: func(f facts) string {
					return args + " : (" + quotes([]string{f.text(name), f.text(path)}) + ")"
				},
			},
			Relation{
				Subject: "process", Name: "arguments are those of the command line", Fields: []string{args, line},
				hold: func(f facts) bool {
					rest := strings.ReplaceAll(f.text(line), `"`, "")
					for _, a := range f.texts(args) {
						a = strings.ReplaceAll(a, `"`, "")
						i := strings.Index(rest, a)
						if i < 0 {
							return false
						}
						rest = rest[i+len(a):]
					}
					return true
				},
				asks: func(f facts) string { return line + " : " + within(strings.Join(f.texts(args), "*")) },
			},
			Relation{
				Subject: "process", Name: "arguments are counted", Fields: []string{args, p + "args_count"},
				hold: func(f facts) bool { return f.number(p+"args_count") == int64(len(f.values(args))) },
				asks: func(f facts) string { return p + "args_count == " + decimal(len(f.values(args))) },
			},
			Relation{
				Subject: "process", Name: "a trusted signature exists", Fields: []string{p + "code_signature.exists", p + "code_signature.trusted"},
				hold: func(f facts) bool {
					return f.text(p+"code_signature.exists") == "true" || f.text(p+"code_signature.trusted") != "true"
				},
				asks: func(facts) string {
					return p + "code_signature.exists == true or " + p + "code_signature.trusted == false"
				},
			},
			Relation{
				Subject: "process", Name: "trust and status agree", Fields: []string{p + "code_signature.status", p + "code_signature.trusted"},
				hold: func(f facts) bool {
					return (f.text(p+"code_signature.status") == "trusted") == (f.text(p+"code_signature.trusted") == "true")
				},
				asks: func(facts) string {
					s, t := p+"code_signature.status", p+"code_signature.trusted"
					return "(" + s + ` == "trusted" and ` + t + " == true) or (" + s + ` != "trusted" and ` + s + " != null and " + t + " == false)"
				},
			},
			Relation{
				Subject: "process", Name: "only files in the system's folders are signed by the system", Fields: []string{path, p + "code_signature.subject_name"},
				when: func(f facts) bool {
					return f.system() == "windows" && strings.HasPrefix(f.text(p+"code_signature.subject_name"), "Microsoft Windows")
				},
				hold: func(f facts) bool { return hasPrefixFold(f.text(path), `C:\Windows\`) },
				asks: func(facts) string {
					return path + ` : "C:\\Windows\\*" or (` + path + " != null and not " + p + `code_signature.subject_name : "Microsoft Windows*")`
				},
			},
			Relation{
				Subject: "process", Name: "process numbers are those of the system", Fields: []string{p + "pid"},
				hold: func(f facts) bool {
					n := f.number(p + "pid")
					return n >= 0 && n <= 4194304 && (f.system() != "windows" || n%4 == 0)
				},
				asks: func(f facts) string {
					if f.system() != "windows" {
						return p + "pid >= 0 and " + p + "pid <= 4194304"
					}
					var some []string // a list, since the solver does not reason about remainders
					for n := 4; n < 400; n += 4 {
						some = append(some, decimal(n))
					}
					return p + "pid in (" + strings.Join(some, ", ") + ")"
				},
			},
			Relation{
				Subject: "process", Name: "only Windows has PE files", Fields: []string{p + "pe.original_file_name"},
				hold: func(f facts) bool { return f.system() == "windows" || f.system() == "" },
				asks: func(facts) string {
					return "?" + p + `pe.original_file_name == null or host.os.type == "windows"`
				},
			},
			Relation{
				Subject: "process", Name: "a program of the system is in a folder of it", Fields: []string{path, name},
				when: func(f facts) bool {
					stem, ok := strings.CutSuffix(strings.ToLower(f.text(name)), ".exe")
					return ok && f.system() == "windows" && slices.Contains(systemTools, stem)
				},
				hold: func(f facts) bool { return containsFold(f.text(path), `\Windows\`) },
				asks: func(f facts) string {
					return path + " : (" + quotes([]string{
						`?:\Windows\System32\` + f.text(name), `?:\Windows\SysWOW64\` + f.text(name), `?:\Windows\System32\wbem\` + f.text(name), `?:\Windows\System32\inetsrv\` + f.text(name),
					}) + ")"
				},
			},
		)
	}
	for _, h := range []struct {
		name   string
		digits int
	}{{"md5", 32}, {"sha1", 40}, {"sha256", 64}} {
		for _, p := range []string{"process.hash.", "process.parent.hash.", "file.hash.", "dll.hash."} {
			all = append(all, Relation{
				Subject: "hash", Name: "a hash has its length", Fields: []string{p + h.name},
				hold: func(f facts) bool {
					_, err := hex.DecodeString(f.text(p + h.name))
					return err == nil && len(f.text(p+h.name)) == h.digits
				},
				asks: func(f facts) string { return "length(" + p + h.name + ") == " + decimal(h.digits) },
			})
		}
	}
	different := func(name, a, b string) Relation {
		return Relation{
			Subject: "process", Name: name, Fields: []string{a, b},
			hold: func(f facts) bool { return f.text(a) != f.text(b) },
			asks: func(f facts) string {
				if strings.HasSuffix(a, "pid") {
					return "modulo(" + a + ", 16) == 4 and modulo(" + b + ", 16) == 8"
				}
				return a + ` : "a*" and ` + b + ` : "b*"`
			},
		}
	}
	return append(all,
		different("parent and child are two processes", "process.pid", "process.parent.pid"),
		different("parent and child are two entities", "process.entity_id", "process.parent.entity_id"),
		Relation{
			Subject: "process", Name: "a folder is one of the system", Fields: []string{"process.working_directory"},
			when: func(f facts) bool { return anyPath[f.system()] != "" },
			hold: func(f facts) bool { return aPath[f.system()].MatchString(f.text("process.working_directory")) },
			asks: func(f facts) string { return "process.working_directory : " + anyPath[f.system()] },
		},
	)
}

// isProgram reports whether a word is how a process is started.
func isProgram(f facts, p, word string) bool {
	name := f.text(p + "name")
	word = base(strings.TrimPrefix(word, "-"))
	return fold(word, name) || fold(word+".exe", name) || fold(word, strings.TrimSuffix(base(f.text(p+"executable")), ".exe"))
}

// endsInName reports whether a path ends in a name, behind a separator.
func endsInName(path, name string) bool {
	return hasSuffixFold(path, name) && (len(path) == len(name) || strings.ContainsRune(`/\`, rune(path[len(path)-len(name)-1])))
}

func ofFiles() []Relation {
	known := func(f facts) bool { return anyPath[f.system()] != "" }
	ends := func(subject, path, name string) Relation {
		return Relation{
			Subject: subject, Name: "a path ends in the name", Fields: []string{path, name},
			hold: func(f facts) bool { return endsInName(f.text(path), f.text(name)) },
			asks: func(facts) string { return "endsWith~(" + path + ", " + name + ")" },
		}
	}
	style := func(path string) Relation {
		return Relation{
			Subject: "file", Name: "a path is one of the system", Fields: []string{path}, when: known,
			hold: func(f facts) bool { return aPath[f.system()].MatchString(f.text(path)) },
			asks: func(f facts) string { return path + " : " + anyPath[f.system()] },
		}
	}
	registry := func(name, part string, hold func(path, part string) bool, asks string) Relation {
		return Relation{
			Subject: "registry", Name: name, Fields: []string{"registry.path", part},
			hold: func(f facts) bool { return hold(f.text("registry.path"), f.text(part)) },
			asks: func(facts) string { return asks },
		}
	}
	return []Relation{
		ends("file", "file.path", "file.name"), ends("library", "dll.path", "dll.name"), style("file.path"), style("dll.path"), style("file.directory"),
		{
			Subject: "file", Name: "a name ends in its extension", Fields: []string{"file.name", "file.extension"},
			hold: func(f facts) bool {
				name, extension := f.text("file.name"), f.text("file.extension")
				dot := strings.LastIndexByte(name, '.')
				return extension == "" && dot <= 0 || dot >= 0 && hasSuffixFold(name, "."+extension) && extension != ""
			},
			asks: func(f facts) string {
				if f.text("file.extension") == "" {
					return `file.extension == "" and not file.name : "*.*"`
				}
				return "endsWith~(file.name, file.extension)"
			},
		},
		{
			Subject: "file", Name: "a path begins with its folder", Fields: []string{"file.path", "file.directory"},
			hold: func(f facts) bool {
				dir := f.text("file.directory")
				return hasPrefixFold(f.text("file.path"), dir) && len(f.text("file.path")) > len(dir)
			},
			asks: func(facts) string { return "startsWith~(file.path, file.directory)" },
		},
		registry("a path ends in the value", "registry.value",
			func(path, value string) bool { return hasSuffixFold(path, value) }, "endsWith~(registry.path, registry.value)"),
		registry("a path holds the key", "registry.key",
			func(path, key string) bool { return containsFold(path, key) }, "stringContains~(registry.path, registry.key)"),
		registry("a path begins with the hive", "registry.hive",
			func(path, hive string) bool {
				return hasPrefixFold(path, hive) || hasPrefixFold(path, `\REGISTRY\`)
			}, `startsWith~(registry.path, registry.hive) or registry.path : "\\REGISTRY\\*"`),
		{
			Subject: "registry", Name: "a path begins with a hive", Fields: []string{"registry.path"},
			hold: func(f facts) bool {
				root, _, _ := strings.Cut(f.text("registry.path"), `\`)
				return root == "" || len(root) >= 4 && hasPrefixFold(root, "HK")
			},
			asks: func(facts) string { return `registry.path : ("HK??\\*", "HKEY_*", "\\REGISTRY\\*")` },
		},
	}
}

func ofHosts() (all []Relation) {
	for _, prefix := range []string{"registry.path", "winlog.channel", "winlog.event_data.SubjectUserName", "dll.path"} {
		all = append(all, Relation{
			Subject: "host", Name: "what only Windows has is on Windows", Fields: []string{prefix, "host.os.type"},
			when: func(f facts) bool { return prefix != "dll.path" || strings.Contains(f.text(prefix), `\`) },
			hold: func(f facts) bool { return f.system() == "windows" },
			asks: func(facts) string { return `host.os.type == "windows" or ` + prefix + ` == null` },
		})
	}
	families := map[string][]string{"windows": {"windows"}, "linux": {"debian", "ubuntu", "redhat", "suse", "amazon", "linux"}, "macos": {"darwin", "macos"}}
	for _, name := range []string{"host.os.family", "host.os.platform"} {
		all = append(all, Relation{
			Subject: "host", Name: "the system is one system", Fields: []string{"host.os.type", name},
			hold: func(f facts) bool { return slices.Contains(families[f.system()], strings.ToLower(f.text(name))) },
			asks: func(f facts) string {
				var each []string
				for _, os := range []string{"windows", "linux", "macos"} {
					each = append(each, "(host.os.type == "+quote(os)+" and "+name+" : ("+quotes(families[os])+"))")
				}
				return strings.Join(each, " or ")
			},
		})
	}
	return append(all,
		Relation{
			Subject: "host", Name: "names on Windows are in capitals, others are not", Fields: []string{"host.name", "host.os.type"},
			hold: func(f facts) bool {
				if f.system() == "windows" {
					return f.text("host.name") == strings.ToUpper(f.text("host.name"))
				}
				return f.text("host.name") == strings.ToLower(f.text("host.name"))
			},
			asks: func(f facts) string {
				if f.system() == "windows" {
					return `host.name regex "[^a-z]+"`
				}
				return `host.name regex "[^A-Z]+"`
			},
		},
		Relation{
			Subject: "host", Name: "a host has one name", Fields: []string{"host.name", "host.hostname"},
			hold: func(f facts) bool { return fold(f.text("host.name"), f.text("host.hostname")) },
			asks: func(facts) string { return "startsWith~(host.name, host.hostname)" },
		},
		Relation{
			Subject: "user", Name: "accounts have identifiers of the system", Fields: []string{"user.id", "host.os.type"},
			hold: func(f facts) bool { return strings.HasPrefix(f.text("user.id"), "S-1-") == (f.system() == "windows") },
			asks: func(f facts) string {
				if f.system() == "windows" {
					return `user.id : "S-1-*"`
				}
				return `user.id regex "[0-9]+"`
			},
		},
		Relation{
			Subject: "user", Name: "the system's own accounts have their numbers", Fields: []string{"user.id", "user.name"},
			when: func(f facts) bool { return ownAccounts[f.text("user.name")] != "" },
			hold: func(f facts) bool { return f.text("user.id") == ownAccounts[f.text("user.name")] },
			asks: func(f facts) string {
				return "user.name == " + quote(f.text("user.name")) + " and user.id == " + quote(ownAccounts[f.text("user.name")])
			},
		},
	)
}

var ownAccounts = map[string]string{"root": "0", "SYSTEM": "S-1-5-18", "LOCAL SERVICE": "S-1-5-19", "NETWORK SERVICE": "S-1-5-20"}
