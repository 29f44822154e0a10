package sigma

import (
	"slices"

	"github.com/rematch-dev/rematch/query"
)

// LogsourceFact is a row of the taxonomy: how events of a log source can be told
// from others.
type LogsourceFact struct {
	Product           string
	Category, Service string // one of them
	EventIDs          []int64
	Channels          []string
	Provider          string // of sources that no channel tells apart
}

const (
	sysmon     = "Microsoft-Windows-Sysmon/Operational"
	powershell = "Microsoft-Windows-PowerShell/Operational"
	psCore     = "PowerShellCore/Operational"
	psClassic  = "Windows PowerShell"
	kernelFile = "Microsoft-Windows-Kernel-File"
)

// Logsources is the table of what the specification's taxonomy (appendix of
// 2.1.0, "Windows Folder") says of log sources by fields of their events.
var Logsources = [...]LogsourceFact{
	{"windows", "process_creation", "", []int64{1}, []string{sysmon}, ""},
	{"windows", "file_change", "", []int64{2}, []string{sysmon}, ""},
	{"windows", "network_connection", "", []int64{3}, []string{sysmon}, ""},
	{"windows", "sysmon_status", "", []int64{4, 16}, []string{sysmon}, ""},
	{"windows", "process_termination", "", []int64{5}, []string{sysmon}, ""},
	{"windows", "driver_load", "", []int64{6}, []string{sysmon}, ""},
	{"windows", "image_load", "", []int64{7}, []string{sysmon}, ""},
	{"windows", "create_remote_thread", "", []int64{8}, []string{sysmon}, ""},
	{"windows", "raw_access_thread", "", []int64{9}, []string{sysmon}, ""},
	{"windows", "process_access", "", []int64{10}, []string{sysmon}, ""},
	{"windows", "file_event", "", []int64{11}, []string{sysmon}, ""},
	{"windows", "registry_event", "", []int64{12, 13, 14}, []string{sysmon}, ""},
	{"windows", "registry_add", "", []int64{12}, []string{sysmon}, ""},
	{"windows", "registry_delete", "", []int64{12}, []string{sysmon}, ""},
	{"windows", "registry_set", "", []int64{13}, []string{sysmon}, ""},
	{"windows", "registry_rename", "", []int64{14}, []string{sysmon}, ""},
	{"windows", "create_stream_hash", "", []int64{15}, []string{sysmon}, ""},
	{"windows", "pipe_created", "", []int64{17, 18}, []string{sysmon}, ""},
	{"windows", "wmi_event", "", []int64{19, 20, 21}, []string{sysmon}, ""},
	{"windows", "dns_query", "", []int64{22}, []string{sysmon}, ""},
	{"windows", "file_delete", "", []int64{23}, []string{sysmon}, ""},
	{"windows", "clipboard_capture", "", []int64{24}, []string{sysmon}, ""},
	{"windows", "process_tampering", "", []int64{25}, []string{sysmon}, ""},
	{"windows", "file_delete_detected", "", []int64{26}, []string{sysmon}, ""},
	{"windows", "file_block_executable", "", []int64{27}, []string{sysmon}, ""},
	{"windows", "file_block_shredding", "", []int64{28}, []string{sysmon}, ""},
	{"windows", "file_executable_detected", "", []int64{29}, []string{sysmon}, ""},
	{"windows", "sysmon_error", "", []int64{255}, []string{sysmon}, ""},
	{"windows", "ps_classic_start", "", []int64{400}, []string{psClassic}, ""},
	{"windows", "ps_classic_provider_start", "", []int64{600}, []string{psClassic}, ""},
	{"windows", "ps_classic_script", "", []int64{800}, []string{psClassic}, ""},
	{"windows", "ps_module", "", []int64{4103}, []string{powershell, psCore}, ""},
	{"windows", "ps_script", "", []int64{4104}, []string{powershell, psCore}, ""},
	{"windows", "file_access", "", nil, nil, kernelFile},
	{"windows", "file_rename", "", nil, nil, kernelFile},

	{"windows", "", "application", nil, []string{"Application"}, ""},
	{"windows", "", "application-experience", nil, []string{"Microsoft-Windows-Application-Experience/Program-Telemetry", "Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant"}, ""},
	{"windows", "", "applocker", nil, []string{"Microsoft-Windows-AppLocker/MSI and Script", "Microsoft-Windows-AppLocker/EXE and DLL", "Microsoft-Windows-AppLocker/Packaged app-Deployment", "Microsoft-Windows-AppLocker/Packaged app-Execution"}, ""},
	{"windows", "", "appmodel-runtime", nil, []string{"Microsoft-Windows-AppModel-Runtime/Admin"}, ""},
	{"windows", "", "appxdeployment-server", nil, []string{"Microsoft-Windows-AppXDeploymentServer/Operational"}, ""},
	{"windows", "", "appxpackaging-om", nil, []string{"Microsoft-Windows-AppxPackaging/Operational"}, ""},
	{"windows", "", "bitlocker", nil, []string{"Microsoft-Windows-BitLocker/BitLocker Management"}, ""},
	{"windows", "", "bits-client", nil, []string{"Microsoft-Windows-Bits-Client/Operational"}, ""},
	{"windows", "", "capi2", nil, []string{"Microsoft-Windows-CAPI2/Operational"}, ""},
	{"windows", "", "certificateservicesclient-lifecycle-system", nil, []string{"Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational"}, ""},
	{"windows", "", "codeintegrity-operational", nil, []string{"Microsoft-Windows-CodeIntegrity/Operational"}, ""},
	{"windows", "", "dhcp", nil, []string{"Microsoft-Windows-DHCP-Server/Operational"}, ""},
	{"windows", "", "diagnosis-scripted", nil, []string{"Microsoft-Windows-Diagnosis-Scripted/Operational"}, ""},
	{"windows", "", "dns-client", nil, []string{"Microsoft-Windows-DNS Client Events/Operational"}, ""},
	{"windows", "", "dns-server", nil, []string{"DNS Server"}, ""},
	{"windows", "", "dns-server-analytic", nil, []string{"Microsoft-Windows-DNS-Server/Analytical"}, ""},
	{"windows", "", "dns-server-audit", nil, []string{"Microsoft-Windows-DNS-Server/Audit"}, ""},
	{"windows", "", "driver-framework", nil, []string{"Microsoft-Windows-DriverFrameworks-UserMode/Operational"}, ""},
	{"windows", "", "firewall-as", nil, []string{"Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"}, ""},
	{"windows", "", "hyper-v-worker", nil, []string{"Microsoft-Windows-Hyper-V-Worker"}, ""},
	{"windows", "", "iis-configuration", nil, []string{"Microsoft-IIS-Configuration/Operational"}, ""},
	{"windows", "", "kernel-event-tracing", nil, []string{"Microsoft-Windows-Kernel-EventTracing"}, ""},
	{"windows", "", "kernel-shimengine", nil, []string{"Microsoft-Windows-Kernel-ShimEngine/Operational", "Microsoft-Windows-Kernel-ShimEngine/Diagnostic"}, ""},
	{"windows", "", "ldap", nil, []string{"Microsoft-Windows-LDAP-Client/Debug"}, ""},
	{"windows", "", "lsa-server", nil, []string{"Microsoft-Windows-LSA/Operational"}, ""},
	{"windows", "", "msexchange-management", nil, []string{"MSExchange Management"}, ""},
	{"windows", "", "ntfs", nil, []string{"Microsoft-Windows-Ntfs/Operational"}, ""},
	{"windows", "", "ntlm", nil, []string{"Microsoft-Windows-NTLM/Operational"}, ""},
	{"windows", "", "openssh", nil, []string{"OpenSSH/Operational"}, ""},
	{"windows", "", "powershell", nil, []string{powershell, psCore}, ""},
	{"windows", "", "powershell-classic", nil, []string{psClassic}, ""},
	{"windows", "", "printservice-admin", nil, []string{"Microsoft-Windows-PrintService/Admin"}, ""},
	{"windows", "", "printservice-operational", nil, []string{"Microsoft-Windows-PrintService/Operational"}, ""},
	{"windows", "", "security", nil, []string{"Security"}, ""},
	{"windows", "", "security-mitigations", nil, []string{"Microsoft-Windows-Security-Mitigations/Kernel Mode", "Microsoft-Windows-Security-Mitigations/User Mode"}, ""},
	{"windows", "", "sense", nil, []string{"Microsoft-Windows-SENSE/Operational"}, ""},
	{"windows", "", "servicebus-client", nil, []string{"Microsoft-ServiceBus-Client/Operational", "Microsoft-ServiceBus-Client/Admin"}, ""},
	{"windows", "", "shell-core", nil, []string{"Microsoft-Windows-Shell-Core/Operational"}, ""},
	{"windows", "", "smbclient-connectivity", nil, []string{"Microsoft-Windows-SmbClient/Connectivity"}, ""},
	{"windows", "", "smbclient-security", nil, []string{"Microsoft-Windows-SmbClient/Security"}, ""},
	{"windows", "", "smbserver-connectivity", nil, []string{"Microsoft-Windows-SMBServer/Connectivity"}, ""},
	{"windows", "", "sysmon", nil, []string{sysmon}, ""},
	{"windows", "", "system", nil, []string{"System"}, ""},
	{"windows", "", "taskscheduler", nil, []string{"Microsoft-Windows-TaskScheduler/Operational"}, ""},
	{"windows", "", "terminalservices-localsessionmanager", nil, []string{"Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"}, ""},
	{"windows", "", "vhdmp", nil, []string{"Microsoft-Windows-VHDMP/Operational"}, ""},
	{"windows", "", "windefend", nil, []string{"Microsoft-Windows-Windows Defender/Operational"}, ""},
	{"windows", "", "wmi", nil, []string{"Microsoft-Windows-WMI-Activity/Operational"}, ""},
}

// aliasService are names of services that rules use for another's.
var aliasService = map[string]string{"microsoft-servicebus-client": "servicebus-client", "ldap_debug": "ldap"}

// Facts returns the rows of [Logsources] that describe s: at most one for its
// category and one for its service.
func (s Logsource) Facts() []LogsourceFact {
	service := s.Service
	if other, ok := aliasService[service]; ok {
		service = other
	}
	var facts []LogsourceFact
	for _, f := range Logsources {
		if f.Product == s.Product && (f.Category != "" && f.Category == s.Category || f.Service != "" && f.Service == service) {
			facts = append(facts, f)
		}
	}
	return facts
}

// constraint returns the tests that tell events of a log source from others.
func (l *lowerer) constraint(s Logsource) []query.Pred {
	at := l.at(s.Span)
	var terms []query.Pred
	texts := func(name string, values []string) {
		if len(values) == 0 {
			return
		}
		u := l.field(name)
		u.text = true
		leaf := &query.Leaf{Span: at, Field: u.field, Op: query.OpEqual, Fold: query.FoldSimple}
		for _, v := range values {
			leaf.Items = append(leaf.Items, query.Operand{Span: at, Value: query.StringOf(v)})
		}
		terms = append(terms, leaf)
	}
	for _, f := range s.Facts() {
		if len(f.EventIDs) > 0 {
			u := l.field("EventID")
			leaf := &query.Leaf{Span: at, Field: u.field, Op: query.OpEqual}
			for _, id := range f.EventIDs {
				u.number(query.IntOf(id))
				leaf.Items = append(leaf.Items, query.Operand{Span: at, Value: query.IntOf(id)})
			}
			u.pending = append(u.pending, leaf)
			terms = append(terms, leaf)
		}
		texts("Channel", f.Channels)
		if f.Provider != "" {
			texts("Provider_Name", []string{f.Provider})
		}
	}
	return slices.Clip(terms)
}
