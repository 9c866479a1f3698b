package settings

import (
	"strings"
	"testing"

	"aws-access-bot/internal/chat/teams"
)

const (
	slackLine = "slack: {signing_secrets: [{env: SLACK}], bot_token: {env: TOKEN}, workspaces: [T0ACME], channel: C0AWS}\n"
	teamsLine = "teams: {app_id: 11111111-2222-4333-8444-555555555555, secret: {env: TEAMS}, channel: '19:aws@thread.tacv2'}\n"
	tenantID  = "99999999-8888-4777-8666-555555555555"
)

// withTeams is the good file with Teams in the place of Slack.
func withTeams() string {
	text := strings.Replace(good, slackLine, teamsLine, 1)
	return strings.Replace(text, "tenant: t,", "tenant: "+tenantID+",", 1)
}

func teamsSecrets() map[string]string {
	m := secrets()
	m["TEAMS"] = "teams-secret"
	return m
}

func TestTeamsAloneHasTheDefaultsOfThePublicCloud(t *testing.T) {
	t.Parallel()
	s, err := load(t, withTeams(), teamsSecrets())
	if err != nil {
		t.Fatal(err)
	}
	te := s.Teams
	if s.Slack != nil || s.OpsPlatform != "teams" {
		t.Errorf("slack %v, ops %q", s.Slack, s.OpsPlatform)
	}
	if te.Tenant != tenantID || te.OpsChannel != te.Channel || te.ServiceURL != "https://smba.trafficmanager.net/teams/" || len(te.ServiceHosts) != 1 || te.ServiceHosts[0] != "smba.trafficmanager.net" {
		t.Errorf("got %+v", te)
	}
	if te.OpenIDMetadata != publicMetadata || te.Issuer != publicIssuer || te.Scope != publicScope || te.Authority != publicAuthority {
		t.Errorf("got %+v", te)
	}
}

// TestTargetedMessagesAreForThePublicCloud, and where somebody says so.
func TestTargetedMessagesAreForThePublicCloud(t *testing.T) {
	t.Parallel()
	for add, want := range map[string]bool{
		"": true, "targeted_messages: false, ": false, "issuer: 'https://api.botframework.us', ": false,
		"issuer: 'https://api.botframework.us', targeted_messages: true, ": true,
		// GCC, whose issuer is that of the public cloud.
		"service_url: 'https://smba.infra.gcc.teams.microsoft.com/teams/', service_hosts: [smba.infra.gcc.teams.microsoft.com], ":                          false,
		"service_url: 'https://smba.infra.gcc.teams.microsoft.com/teams/', service_hosts: [smba.infra.gcc.teams.microsoft.com], targeted_messages: true, ": true,
	} {
		s, err := load(t, strings.Replace(withTeams(), "channel:", add+"channel:", 1), teamsSecrets())
		if err != nil || s.Teams.Targeted != want {
			t.Errorf("%q: %+v, %v", add, s, err)
		}
	}
}

func TestWhereNoticesGoWithBothChats(t *testing.T) {
	t.Parallel()
	both := withTeams() + slackLine
	for add, want := range map[string]string{"": "slack", "ops_platform: teams\n": "teams", "ops_platform: slack\n": "slack"} {
		s, err := load(t, both+add, teamsSecrets())
		if err != nil || s.Slack == nil || s.Teams == nil || s.OpsPlatform != want {
			t.Errorf("%q: %+v, %v", add, s, err)
		}
	}
}

// TestBadTeamsSettings: each change is refused with its key named.
func TestBadTeamsSettings(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, new, want string }{
		{"no chat at all", teamsLine, "", "slack, teams"},
		{"ops on a chat that is not there", "aws:", "ops_platform: slack\naws:", "ops_platform"},
		{"app id is a name", "11111111-2222-4333-8444-555555555555", "access-bot", "teams.app_id"},
		{"tenant is a domain", tenantID, "acme.example", "teams.tenant"},
		{"tenant of others", "channel:", "tenant: 00000000-8888-4777-8666-555555555555, channel:", "teams.tenant"},
		{"no credential", "secret: {env: TEAMS}, ", "", "teams: needs exactly one"},
		{"two credentials", "channel:", "managed_identity: true, channel:", "teams: needs exactly one"},
		{"short secret", "{env: TEAMS}", "{env: SHORT}", "teams.secret"},
		{"channel by name", "19:aws@thread.tacv2", "general", "teams.channel"},
		{"a group chat", "19:aws@thread.tacv2", "19:aws@thread.v2", "teams.channel"},
		{"channel with a thread", "19:aws@thread.tacv2", "19:aws@thread.tacv2;messageid=1", "teams.channel"},
		{"ops channel by name", "channel:", "ops_channel: ops, channel:", "teams.ops_channel"},
		{"service URL elsewhere", "channel:", "service_url: 'https://evil.example/', channel:", "teams.service_url"},
		{"service URL without TLS", "channel:", "service_url: 'http://127.0.0.1:1/', channel:", "teams.service_url"},
		{"service URL without TLS, in capitals", "channel:", "service_url: 'HTTP://127.0.0.1:1/', service_hosts: ['127.0.0.1:1'], channel:", "teams.service_url"},
		{"service URL that climbs", "channel:", "service_url: 'https://smba.trafficmanager.net/a/../teams/', channel:", "teams.service_url"},
		{"service URL with an empty segment", "channel:", "service_url: 'https://smba.trafficmanager.net//teams/', channel:", "teams.service_url"},
		{"service URL with an escape", "channel:", "service_url: 'https://smba.trafficmanager.net/%74eams/', channel:", "teams.service_url"},
		{"service URL with an empty query", "channel:", "service_url: 'https://smba.trafficmanager.net/teams/?', channel:", "teams.service_url"},
		{"hosts by a pattern", "channel:", "service_hosts: ['*.trafficmanager.net'], channel:", "teams.service_hosts"},
		{"hosts as URLs", "channel:", "service_hosts: ['https://smba.trafficmanager.net'], channel:", "teams.service_hosts"},
		{"keys without TLS", "channel:", "openid_metadata: 'http://127.0.0.1:1/keys', channel:", "teams.openid_metadata"},
		{"authority without TLS", "channel:", "authority: 'http://127.0.0.1:1', channel:", "teams.authority"},
		{"a switch that turns a check off", "channel:", "skip_auth: true, channel:", "skip_auth"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := teamsSecrets()
			m["SHORT"] = "short"
			_, err := load(t, strings.Replace(withTeams(), tc.old, tc.new, 1), m)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want a problem that names %q", err, tc.want)
			}
		})
	}
}

func TestTeamsOfAnEmulatorOrAnotherCloud(t *testing.T) {
	t.Parallel()
	s, err := load(t, strings.Replace(withTeams(), "channel:", "service_url: 'https://127.0.0.1:8443/teams', service_hosts: ['127.0.0.1:8443'], openid_metadata: 'https://127.0.0.1:8443/openid/', issuer: 'https://api.botframework.us', channel:", 1), teamsSecrets())
	if err != nil || s.Teams.ServiceURL != "https://127.0.0.1:8443/teams/" || s.Teams.OpenIDMetadata != "https://127.0.0.1:8443/openid" || s.Teams.Issuer != "https://api.botframework.us" {
		t.Errorf("got %+v, %v", s, err)
	}
}

// TestHostsInCapitalsAreTheSameHosts: a host has no case, and what Teams writes, which
// the bot compares with, is in lower case.
func TestHostsInCapitalsAreTheSameHosts(t *testing.T) {
	t.Parallel()
	s, err := load(t, strings.Replace(withTeams(), "channel:", "service_url: 'HTTPS://SMBA.Infra.gcc.Teams.microsoft.com/Teams', service_hosts: [smba.infra.GCC.teams.microsoft.com], openid_metadata: 'https://Login.BotFramework.com/v1/.well-known/OpenID', authority: 'https://Login.MicrosoftOnline.com', channel:", 1), teamsSecrets())
	if err != nil {
		t.Fatal(err)
	}
	te := s.Teams
	if te.ServiceURL != "https://smba.infra.gcc.teams.microsoft.com/Teams/" || te.ServiceHosts[0] != "smba.infra.gcc.teams.microsoft.com" ||
		te.OpenIDMetadata != "https://login.botframework.com/v1/.well-known/OpenID" || te.Authority != "https://login.microsoftonline.com" {
		t.Errorf("%+v", te)
	}
}

// TestAServiceURLThatPassesIsSpokenTo: what the client would refuse at each call is
// refused at the start.
func TestAServiceURLThatPassesIsSpokenTo(t *testing.T) {
	t.Parallel()
	passed := 0
	for _, path := range []string{"", "/", "/teams", "/teams/", "/a/b/", "//", "/a//b", "/..", "/a/../b/", "/%2e%2e/", "/a%2Fb", "/ä/", "/a b/", "/?", "/?x=1", "/#", "/#x", "/a@b/", "/a\\\\b"} {
		for _, host := range []string{"smba.trafficmanager.net", "SMBA.TrafficManager.net", "smba.trafficmanager.net:443", "user@smba.trafficmanager.net", "smba.trafficmanager.net:"} {
			for _, scheme := range []string{"https", "HTTPS"} {
				at := scheme + "://" + host + path
				s, err := load(t, strings.Replace(withTeams(), "channel:", `service_url: "`+at+`", channel:`, 1), teamsSecrets())
				if err != nil {
					continue
				}
				passed++
				if _, err := teams.Hosts(s.Teams.ServiceHosts).Check(s.Teams.ServiceURL); err != nil {
					t.Errorf("%s passes as %s: %v", at, s.Teams.ServiceURL, err)
				}
			}
		}
	}
	if passed < 20 {
		t.Errorf("%d pass", passed)
	}
}

// TestTheAppIDAlone: the app package is made before anything else is there.
func TestTheAppIDAlone(t *testing.T) {
	t.Parallel()
	id, err := LoadTeamsAppID(write(t, "bot.yaml", "teams: {app_id: 11111111-2222-4333-8444-ABCDEFABCDEF}\n"), env(nil))
	if err != nil || id != "11111111-2222-4333-8444-abcdefabcdef" {
		t.Errorf("%q, %v", id, err)
	}
	if _, err := LoadTeamsAppID(write(t, "bot.yaml", withTeams()), env(nil)); err != nil {
		t.Errorf("a whole file, of whose secrets none is there: %v", err)
	}
	for text, want := range map[string]string{"listen: :8080\n": "teams.app_id", "teams: {app_id: '28:x'}\n": "teams.app_id", "teamz: {app_id: x}\n": "field teamz"} {
		if _, err := LoadTeamsAppID(write(t, "bot.yaml", text), env(nil)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
