package settings

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"aws-access-bot/internal/secret"
)

// Teams is the Azure Bot behind the Teams app. One of Secret, Certificate and
// ManagedIdentity is set.
type Teams struct {
	// AppID is the Microsoft app id of the bot and Tenant the Entra tenant id,
	// both in lower case.
	AppID       string
	Tenant      string
	Secret      secret.Value
	Certificate secret.Value // PEM with key
	// ManagedIdentity has the bot use the user-assigned managed identity whose
	// client id is AppID.
	ManagedIdentity bool
	// Channel and OpsChannel are ids of channels, "19:…@thread.tacv2".
	Channel    string
	OpsChannel string // default Channel
	// Targeted has answers for one person stand in the channel where he asked, as
	// messages that only he sees; without it they go to his own chat with the app.
	// Default: in the public cloud only, as its issuer and hosts say, since a cloud
	// that did not know them would show them to everybody.
	Targeted bool
	// ServiceURL is where a conversation is begun that the connector has named
	// no URL for; https, at one of ServiceHosts, with a slash at its end.
	// Default https://smba.trafficmanager.net/teams/.
	ServiceURL string
	// ServiceHosts are the hosts that the bot's token may go to, exact and in
	// lower case, with the port where it is not 443. Default
	// smba.trafficmanager.net.
	ServiceHosts []string
	// OpenIDMetadata is where the connector publishes its keys and Issuer whom
	// its tokens are from; Scope and Authority are those of the bot's own
	// tokens. Defaults: the public cloud's.
	OpenIDMetadata string
	Issuer         string
	Scope          string
	Authority      string // no slash at its end
}

// Defaults of Teams: the public cloud ("Send proactive messages" and
// "Authenticate requests from the Bot Connector service", Microsoft Learn).
const (
	publicServiceURL  = "https://smba.trafficmanager.net/teams/"
	publicServiceHost = "smba.trafficmanager.net"
	publicMetadata    = "https://login.botframework.com/v1/.well-known/openidconfiguration"
	publicIssuer      = "https://api.botframework.com"
	publicScope       = "https://api.botframework.com/.default"
	publicAuthority   = "https://login.microsoftonline.com"
)

type fileTeams struct {
	AppID           string    `yaml:"app_id"`
	Tenant          string    `yaml:"tenant"`
	Secret          secretRef `yaml:"secret"`
	Certificate     secretRef `yaml:"certificate"`
	ManagedIdentity bool      `yaml:"managed_identity"`
	Channel         string    `yaml:"channel"`
	OpsChannel      string    `yaml:"ops_channel"`
	Targeted        *bool     `yaml:"targeted_messages"`
	ServiceURL      string    `yaml:"service_url"`
	ServiceHosts    []string  `yaml:"service_hosts"`
	OpenIDMetadata  string    `yaml:"openid_metadata"`
	Issuer          string    `yaml:"issuer"`
	Scope           string    `yaml:"scope"`
	Authority       string    `yaml:"authority"`
}

// chat settles which chats there are. One must be.
func (f *file) chat(c *checker, s *Settings) {
	if f.Slack == nil && f.Teams == nil {
		c.problem("slack, teams", "are both missing", "write the section of the chat that your people use, or both")
	}
	if f.Slack != nil {
		s.Slack, s.OpsPlatform = f.Slack.settings(c), "slack"
	}
	if f.Teams != nil {
		s.Teams = f.Teams.settings(c, f.Entra.Tenant)
		s.OpsPlatform = or(s.OpsPlatform, "teams")
	}
	switch {
	case f.OpsPlatform == "":
	case f.OpsPlatform == "slack" && s.Slack != nil, f.OpsPlatform == "teams" && s.Teams != nil:
		s.OpsPlatform = f.OpsPlatform
	default:
		c.problem("ops_platform", "names no chat that has a section", "write slack or teams, or leave it out")
	}
}

// guid is how Entra writes its ids.
var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func (f *fileTeams) settings(c *checker, entra string) *Teams {
	t := &Teams{
		AppID: f.appID(c), Tenant: strings.ToLower(or(f.Tenant, entra)),
		Secret: c.optional("teams.secret", f.Secret, 8), Certificate: c.optional("teams.certificate", f.Certificate, minPEM), ManagedIdentity: f.ManagedIdentity,
		Channel: c.teamsChannel("teams.channel", f.Channel), OpsChannel: f.Channel,
		ServiceURL:     c.serviceURL(f.ServiceURL),
		OpenIDMetadata: strings.TrimSuffix(c.https("teams.openid_metadata", f.OpenIDMetadata, publicMetadata), "/"),
		Issuer:         or(f.Issuer, publicIssuer), Scope: or(f.Scope, publicScope),
		Authority: strings.TrimSuffix(c.https("teams.authority", f.Authority, publicAuthority), "/"),
	}
	if f.OpsChannel != "" {
		t.OpsChannel = c.teamsChannel("teams.ops_channel", f.OpsChannel)
	}
	f.checkTenant(c, t.Tenant, strings.ToLower(entra))
	f.checkCredential(c)
	t.ServiceHosts = c.serviceHosts(f.ServiceHosts, t.ServiceURL)
	// GCC has the issuer of the public cloud, and hosts of its own.
	t.Targeted = t.Issuer == publicIssuer && slices.Equal(t.ServiceHosts, []string{publicServiceHost})
	if f.Targeted != nil {
		t.Targeted = *f.Targeted
	}
	return t
}

func (f *fileTeams) appID(c *checker) string {
	id := strings.ToLower(f.AppID)
	if !guid.MatchString(id) {
		c.problem("teams.app_id", "is missing or no id", "write the Microsoft app id that the Azure Bot shows, e.g. 11111111-2222-4333-8444-555555555555")
	}
	return id
}

// LoadTeamsAppID reads the settings file at path as far as the Microsoft app id of
// the bot goes, in lower case, for who makes the app package before there is a
// channel, a secret or anything else. What else the file says is read and not
// judged, and may be missing. Problems are those of [Load].
func LoadTeamsAppID(path string, getenv func(string) string) (string, error) {
	f, c, err := read(path, getenv)
	if err != nil {
		return "", err
	}
	teams := f.Teams
	if teams == nil {
		teams = &fileTeams{}
	}
	id := teams.appID(c)
	if len(c.problems) > 0 {
		return "", c.problems
	}
	return id, nil
}

// checkTenant wants the tenant of Teams to be that of the people: an object id
// of another one names nobody here.
func (f *fileTeams) checkTenant(c *checker, tenant, entra string) {
	if !guid.MatchString(tenant) {
		c.problem("teams.tenant", "is no tenant id", "write the id that Entra shows, which Teams sends; its domain name will not do")
		return
	}
	if guid.MatchString(entra) && tenant != entra {
		c.problem("teams.tenant", "is another tenant than entra.tenant", "the people who write in Teams are those of entra.tenant: leave it out")
	}
}

func (f *fileTeams) checkCredential(c *checker) {
	n := 0
	for _, given := range []bool{f.Secret != (secretRef{}), f.Certificate != (secretRef{}), f.ManagedIdentity} {
		if given {
			n++
		}
	}
	if n != 1 {
		c.problem("teams", "needs exactly one of secret, certificate and managed_identity", "write secret: {file: PATH}, certificate: {file: PATH} or managed_identity: true")
	}
}

// teamsChannel checks the id of a channel. Its name will not do, since the connector
// takes ids only, nor will a group chat (@thread.v2), which has no threads.
func (c *checker) teamsChannel(key, v string) string {
	channel := strings.HasSuffix(v, "@thread.tacv2") || strings.HasSuffix(v, "@thread.skype")
	if !strings.HasPrefix(v, "19:") || !channel || strings.ContainsAny(v, ";/ ") {
		c.problem(key, "is missing or no id of a channel", "write the id in the channel's link (Get link to channel), decoded: 19:…@thread.tacv2")
	}
	return v
}

// https checks a URL over which tokens or the keys that are believed go. A slash
// is put at its end, and its host in lower case, as it is compared with.
func (c *checker) https(key, v, otherwise string) string {
	if u, err := url.Parse(v); err == nil && u.Scheme == "http" {
		c.problem(key, "is not https", "write e.g. "+otherwise)
		return v
	}
	v = c.url(key, v, otherwise, true)
	u, err := url.Parse(v)
	scheme, rest, ok := strings.Cut(v, "://")
	if err != nil || !ok || len(rest) < len(u.Host) {
		return v // a problem by now
	}
	return strings.ToLower(scheme) + "://" + strings.ToLower(u.Host) + rest[len(u.Host):]
}

// plainPath is a path that reads one way only.
var plainPath = regexp.MustCompile(`^/([A-Za-z0-9._~-]+/)*$`)

// serviceURL checks the service URL. Its path is plain: one that could be read in two
// ways is none that the connector names, and the bot speaks to none such.
func (c *checker) serviceURL(v string) string {
	const key = "teams.service_url"
	out := c.https(key, v, publicServiceURL)
	_, rest, _ := strings.Cut(out, "://")
	_, path, _ := strings.Cut(rest, "/")
	if !plainPath.MatchString("/"+path) || strings.Contains(path, "..") || strings.ContainsAny(v, "?#") {
		c.problem(key, "has a path that Teams names none with", "write it plainly, e.g. "+publicServiceURL)
	}
	return out
}

// serviceHosts checks the hosts that the token may go to; the service URL is at
// one of them.
func (c *checker) serviceHosts(list []string, service string) []string {
	if len(list) == 0 {
		list = []string{publicServiceHost}
	}
	var out []string
	for _, h := range list {
		u, err := url.Parse("https://" + h)
		if err != nil || h == "" || u.Host != h || u.Hostname() == "" || u.Port() == "443" || strings.ContainsAny(h, "* ") {
			c.problem("teams.service_hosts", "names something that is no host", "write whole host names such as smba.infra.gcc.teams.microsoft.com, with :port where it is not 443")
			continue
		}
		out = append(out, strings.ToLower(h))
	}
	if u, err := url.Parse(service); err == nil && u.Host != "" && !slices.Contains(out, strings.TrimSuffix(strings.ToLower(u.Host), ":443")) {
		c.problem("teams.service_url", "is at a host that teams.service_hosts does not name", "name it there too")
	}
	return out
}
