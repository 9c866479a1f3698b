package provision

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Application is how the enterprise application was seen. What could not be
// seen is in Unseen and not in the rest, so that it is never taken for good.
type Application struct {
	// Found is false when Entra has no application of the id.
	Found bool
	// Role says whether the role User can be assigned.
	Role AppRole
	// AnyoneSignsIn: no assignment is required, so that everybody in the
	// tenant may sign in.
	AnyoneSignsIn bool
	// Certificate is the end of the SAML signing certificate, zero when there
	// is none to be seen.
	Certificate time.Time
	Job         JobState
	// SyncAll: everybody in the tenant is provisioned, assigned or not.
	SyncAll bool
	// NoDefault are the names without which AWS refuses a user and for which
	// the mapping has no default value, as SCIM calls them.
	NoDefault []string
	Unseen    []Unseen
}

// AppRole is how the application's role User is.
type AppRole string

// The states of the role User.
const (
	RoleEnabled  AppRole = "enabled"
	RoleDisabled AppRole = "disabled"
	RoleMissing  AppRole = "missing"
)

// Unseen is a part of the application that could not be read.
type Unseen struct {
	// Part is one of the Part constants.
	Part string
	Why  string // the service's words, or ours
}

// The parts of the application that are read apart.
const (
	PartApplication = "application"
	PartJob         = "provisioning-job"
	PartMapping     = "attribute-mapping"
	PartSecrets     = "provisioning-secrets"
)

// AppFinding is something wrong with the application, or not to be seen.
type AppFinding struct {
	Code     Code      `json:"code"`
	Sentence string    `json:"sentence"`
	Mend     string    `json:"mend"`
	Since    time.Time `json:"since"`
}

// Text is a finding for people, on one line.
func (f AppFinding) Text() string { return fmt.Sprintf("%s (%s) %s", f.Sentence, f.Code, f.Mend) }

// jobStale is the age of the job's last success from which on it is a finding:
// the cycle runs about every 40 minutes (Microsoft: known issues).
const jobStale = 3 * time.Hour

// judgeApplication says what is wrong with an application, sorted by code. It is
// pure. scimToken is the end of the SCIM token as the config repo has it, zero
// when it has none: neither AWS nor Entra tells it to a program.
func judgeApplication(a Application, scimToken, now time.Time) []AppFinding {
	j := judge{now: now}
	unseen := map[string]bool{}
	for _, u := range a.Unseen {
		unseen[u.Part] = true
		j.add(Code("unseen-"+u.Part), fmt.Sprintf("%s of the enterprise application cannot be seen: %s.", partName(u.Part), sentence(u.Why)), partMend(u.Part))
	}
	if !unseen[PartApplication] {
		j.application(a)
	}
	if a.Found && !unseen[PartJob] {
		j.job(a.Job)
	}
	if a.Found && !unseen[PartSecrets] && a.SyncAll {
		j.add("sync-all", "Provisioning is set to everybody in the tenant, whoever is assigned.", "Set its scope to \"Sync only assigned users and groups\" in Entra (SyncAll: false).")
	}
	if a.Found && !unseen[PartMapping] && len(a.NoDefault) > 0 {
		j.add("names-without-default", fmt.Sprintf("Users without %s in Entra are refused by AWS: the attribute mapping has no default value for it.", strings.Join(a.NoDefault, " and ")),
			"Set \"Default value if null\" of these mappings in Entra, for instance to \"-\".")
	}
	j.ends("saml-certificate", "The SAML signing certificate of the enterprise application", a.Certificate,
		"Make a new one in Entra and upload its metadata in IAM Identity Center; without it nobody can sign in.")
	if scimToken.IsZero() {
		j.add("scim-token-unknown", "The end of the SCIM token is not known: AWS shows it in its console only.", "Write it into aws-access.yaml: entra: {app: …, scim_token_expires: …}.")
	}
	j.ends("scim-token", "The SCIM token", scimToken,
		"Make a second token in IAM Identity Center (Settings, Automatic provisioning), put it into the enterprise application and write its end into aws-access.yaml. When it has expired, nobody is provisioned and nobody is taken away.")
	slices.SortFunc(j.found, func(a, b AppFinding) int { return cmp.Compare(a.Code, b.Code) })
	return j.found
}

// judge gathers findings.
type judge struct {
	now   time.Time
	found []AppFinding
}

func (j *judge) add(code Code, sentence, mend string) {
	j.found = append(j.found, AppFinding{Code: code, Sentence: sentence, Mend: mend})
}

func (j *judge) application(a Application) {
	if !a.Found {
		j.add("app-missing", "Entra has no enterprise application with the id in aws-access.yaml.", "Correct entra.app: it is the object id of the enterprise application, not its application id.")
		return
	}
	switch a.Role {
	case RoleMissing:
		j.add("role-missing", "The enterprise application has no role named User.", "Was it made from the gallery template \"AWS IAM Identity Center\"? The bot assigns that role; Default Access is passed over by provisioning.")
	case RoleDisabled:
		j.add("role-disabled", "The role User of the enterprise application is disabled.", "Enable it in the app registration; nobody can be assigned without it.")
	}
	if a.AnyoneSignsIn {
		j.add("assignment-not-required", "The enterprise application lets everybody in the tenant sign in.", "Set \"Assignment required?\" to Yes in its properties.")
	}
	if a.Certificate.IsZero() {
		j.add("saml-certificate-missing", "The enterprise application shows no SAML signing certificate.", "Set single sign-on up with SAML; without it nobody can sign in.")
	}
}

func (j *judge) job(job JobState) {
	switch {
	case !job.Found:
		j.add("job-missing", "The enterprise application has no provisioning job.", "Set automatic provisioning up in Entra; without it nobody reaches AWS.")
	case job.Quarantine != "":
		j.add("job-quarantine", fmt.Sprintf("The provisioning job is in quarantine: %s.", quarantineReason(job.Quarantine)), "Mend the cause and restart provisioning in Entra. After four weeks Entra switches the job off.")
	case !job.Active:
		j.add("job-off", "The provisioning job is switched off.", "Start provisioning in Entra.")
	case !job.LastSuccess.IsZero() && j.now.Sub(job.LastSuccess) >= jobStale:
		j.add("job-stale", fmt.Sprintf("The provisioning job last succeeded at %s.", job.LastSuccess.UTC().Format(time.RFC3339)), "Look at the provisioning logs in Entra.")
	}
}

// ends adds a finding 60, 30 and 7 days before an end, and after it: each has a
// code of its own, so that each is told.
func (j *judge) ends(code Code, what string, end time.Time, mend string) {
	if end.IsZero() {
		return
	}
	left := end.Sub(j.now)
	days := int(left.Hours() / 24)
	switch {
	case left <= 0:
		j.add(code+"-expired", fmt.Sprintf("%s has expired at %s.", what, end.UTC().Format(time.RFC3339)), mend)
		return
	case days < 7:
		code += "-7-days"
	case days < 30:
		code += "-30-days"
	case days < 60:
		code += "-60-days"
	default:
		return
	}
	j.add(code, fmt.Sprintf("%s expires in %d days, at %s.", what, days, end.UTC().Format(time.RFC3339)), mend)
}

// quarantineReason says Microsoft's word for a quarantine for people (Graph:
// quarantineReason).
func quarantineReason(word string) string {
	switch word {
	case "EncounteredQuarantineException":
		return "AWS refuses the SCIM token, which has expired or was deleted; make a new one in IAM Identity Center and put it into the enterprise application"
	case "TooManyDeletes":
		return "more deletions than its threshold allows"
	case "EncounteredBaseEscrowThreshold", "EncounteredTotalEscrowThreshold", "EncounteredEscrowProportionThreshold":
		return "too many users or groups were refused"
	default:
		return sentence(word)
	}
}

func partName(part string) string {
	switch part {
	case PartJob:
		return "The provisioning job"
	case PartMapping:
		return "The attribute mapping"
	case PartSecrets:
		return "Whether only assigned users and groups are provisioned"
	default:
		return "The properties"
	}
}

func partMend(part string) string {
	if part == PartApplication {
		return "Grant the bot Application.Read.All, or the directory role of docs/setup.md, and look at it in Entra meanwhile."
	}
	return "Grant the bot Synchronization.ReadWrite.All, or the directory role of docs/setup.md, and look at it in Entra meanwhile."
}
