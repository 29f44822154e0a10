package taste

import (
	"net/netip"
	"strconv"
	"strings"
)

// world is what the documents of one event set have in common.
type world struct {
	org     string // also the domain of its accounts
	host    string // the distinctive part of its name
	other   string // that of a second host, where a rule is about two
	user    string
	account string // at a cloud provider
	agent   string // what the user's client calls itself
	public  netip.Addr
	private netip.Addr
	site    *site // where public is
	pid     int64
}

// system is what hosts of an operating system say of themselves.
type system struct{ family, platform, name, version, separator string }

var systems = map[string]system{
	"windows": {"windows", "windows", "Windows", "10.0.22631", `\`},
	"linux":   {"debian", "debian", "Debian GNU/Linux", "12", "/"},
	"macos":   {"darwin", "darwin", "macOS", "15.1", "/"},
}

var (
	clouds   = map[string]string{"aws": "aws", "azure": "azure", "azuresignin": "azure", "gcp": "gcp"}
	channels = map[string]string{"auth": "Security", "powershell": "Microsoft-Windows-PowerShell/Operational"}
	regions  = map[string][]string{
		"aws": {"eu-central-1", "us-east-1", "ap-southeast-1"}, "gcp": {"europe-west3", "us-central1"},
		"azure": {"germanywestcentral", "eastus"}, "azuresignin": {"germanywestcentral", "eastus"},
	}
)

func (s *Scene) newWorld() world {
	d := s.dice
	w := world{
		org: one(d, s.vocab.lists["word"]), host: one(d, s.vocab.lists["host"]), user: one(d, s.vocab.lists["user"]),
		account: "1" + string(d.digits(nil, "0123456789", 11)),
		agent:   one(d, s.vocab.lists["agent"]),
		site:    &s.vocab.sites[d.n(len(s.vocab.sites))],
		pid:     int64(1000 + 4*d.n(2000)),
	}
	if d.n(4) > 0 {
		w.site = &s.vocab.sites[d.n(3)] // mostly the networks for documentation
	}
	w.other = w.host + "-" + strconv.Itoa(1000+d.n(900))
	w.host += "-" + strconv.Itoa(100+d.n(900))
	w.public = d.address(w.site.net)
	w.private = netip.AddrFrom4([4]byte{10, 20, byte(d.n(16)), byte(10 + d.n(200))})
	return w
}

// hostKey is what an identifier named in a template depends on beside the organisation.
func (d *doc) hostKey(name string) string {
	if strings.HasSuffix(name, "host") || strings.HasSuffix(name, "agent") {
		return d.host()
	}
	return ""
}

// host is the distinctive part of the name of the document's host: documents about
// different systems are about different hosts.
func (d *doc) host() string {
	if d.elsewhere() {
		return d.world.other
	}
	return d.world.host
}

func (d *doc) elsewhere() bool { return d.os != d.docs[0].os }

// private is the address of the document's host.
func (d *doc) private() netip.Addr {
	if d.elsewhere() {
		a := d.world.private.As4()
		a[3] = a[3]/2 + 3
		a[2]++
		return netip.AddrFrom4(a)
	}
	return d.world.private
}

// sid is the security identifier of an account of the organisation.
func (d *doc) sid(user string) string {
	domain := d.keep(trait{"domain", d.world.org, ""}, func(d dice) string {
		b := append(make([]byte, 0, 48), "S-1-5-21-"...)
		for range 3 {
			b = append(strconv.AppendInt(b, int64(1<<29+d.n(1<<30)), 10), '-')
		}
		return string(b)
	})
	return d.keep(trait{"sid", user, domain}, func(d dice) string { return domain + strconv.Itoa(1100+d.n(900)) })
}

// account is one that is known by a number and has no home.
type account struct{ os, id, name, domain string }

// accounts of the systems themselves, by identifier.
var accounts = []account{
	{"windows", "S-1-5-18", "SYSTEM", "NT AUTHORITY"},
	{"windows", "S-1-5-19", "LOCAL SERVICE", "NT AUTHORITY"},
	{"windows", "S-1-5-20", "NETWORK SERVICE", "NT AUTHORITY"},
	{"linux", "0", "root", ""},
	{"macos", "0", "root", ""},
	{"linux", "33", "www-data", ""},
	{"linux", "65534", "nobody", ""},
}

// fullName makes "M. Weber" of m.weber.
func fullName(user string) string {
	parts := strings.Split(user, ".")
	for i, p := range parts {
		if p != "" {
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, ". ")
}

func (d *doc) hostName() string {
	if name := d.peek("winlog.computer_name"); name != "" {
		label, _, _ := strings.Cut(name, ".")
		return label
	}
	if d.os == "windows" {
		return strings.ToUpper(d.host())
	}
	return d.host()
}

// userName is the user's name, unless the rule is about another.
func (d *doc) userName() string {
	if name := d.text("user.name"); name != "" {
		return name
	}
	return d.world.user
}

// home is the folder of the user.
func (d *doc) home() string {
	if d.homeStamp != d.turn {
		path := d.findHome()
		if c := &d.cells[d.fields.userName]; c.stamp != d.turn {
			return path // the user is being decided
		}
		d.homePath, d.homeStamp = path, d.turn
	}
	return d.homePath
}

func (d *doc) findHome() string {
	user := d.userName()
	switch {
	case d.os == "windows":
		return `C:\Users\` + user
	case user == "root" && d.os == "linux":
		return "/root"
	case d.os == "macos":
		return "/Users/" + user
	}
	return "/home/" + user
}

func (d *doc) tmp() string {
	if d.os == "windows" {
		return d.home() + `\AppData\Local\Temp`
	}
	return "/tmp"
}

// account is what the provider knows the organisation by.
func (d *doc) account() string {
	switch clouds[d.profile.name] {
	case "azure":
		return d.keep(trait{"id subscription", d.world.org, ""}, dice.uuid)
	case "gcp":
		return d.world.org + "-" + d.world.account[:6]
	}
	return d.world.account
}

func (d *doc) region() string {
	if all := regions[d.profile.name]; len(all) > 0 {
		return one(d.dice, all)
	}
	return "eu-central-1"
}

// dataset is the data set of the profile that a rule with several index patterns
// of it most likely means.
func (d *doc) dataset() string {
	if d.profile.name == "auth" && d.os != "windows" {
		return "system.auth"
	}
	return d.profile.dataset
}

// provider is who reports the event.
func (d *doc) provider() string {
	action := d.text("event.action")
	switch d.profile.name {
	case "aws":
		for _, p := range awsServices {
			if strings.Contains(action, p.in) {
				return p.provider
			}
		}
		return "iam.amazonaws.com"
	case "o365":
		return "AzureActiveDirectory"
	case "google":
		return "admin"
	case "auth":
		return "Microsoft-Windows-Security-Auditing"
	case "powershell":
		return "Microsoft-Windows-PowerShell"
	}
	return d.text("event.module")
}

// awsServices tell by a part of an API call's name which service it belongs to.
var awsServices = []struct{ in, provider string }{
	{"Bucket", "s3.amazonaws.com"},
	{"Object", "s3.amazonaws.com"},
	{"Trail", "cloudtrail.amazonaws.com"},
	{"Instance", "ec2.amazonaws.com"},
	{"Snapshot", "ec2.amazonaws.com"},
	{"SecurityGroup", "ec2.amazonaws.com"},
	{"Function", "lambda.amazonaws.com"},
	{"AssumeRole", "sts.amazonaws.com"},
	{"ConsoleLogin", "signin.amazonaws.com"},
	{"Secret", "secretsmanager.amazonaws.com"},
	{"Key", "kms.amazonaws.com"},
	{"DB", "rds.amazonaws.com"},
}
